import { sentryVitePlugin } from "@sentry/vite-plugin";
import { build } from "vite";
import settings from "./settings.cjs";

await build({
  logLevel: "warn",
  configFile: false,
  root: import.meta.dirname,
  build: { sourcemap: "hidden", outDir: settings.out, emptyOutDir: true, rollupOptions: { input: settings.entry } },
  plugins: [sentryVitePlugin(settings.sentry)],
});
