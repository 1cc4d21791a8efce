import { sentryRollupPlugin } from "@sentry/rollup-plugin";
import { rollup } from "rollup";
import settings from "./settings.cjs";

const bundle = await rollup({ input: settings.entry, plugins: [sentryRollupPlugin(settings.sentry)] });
await bundle.write({ dir: settings.out, sourcemap: "hidden", format: "iife" });
await bundle.close();
