import { sentryEsbuildPlugin } from "@sentry/esbuild-plugin";
import { build } from "esbuild";
import settings from "./settings.cjs";

await build({
  entryPoints: [settings.entry],
  bundle: true,
  minify: true,
  sourcemap: "external",
  outdir: settings.out,
  plugins: [sentryEsbuildPlugin(settings.sentry)],
});
