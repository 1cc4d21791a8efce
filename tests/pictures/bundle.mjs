// Bundle page.jsx with Grafana's packages into site/page.js.
import esbuild from "esbuild";

// Grafana's ES modules and its CommonJS ones don't mix: React gets an object where it expects a component.
const oneFormat = {
  name: "one-format",
  setup(build) {
    build.onResolve({ filter: /^@grafana\/(ui|data|runtime|schema|i18n|e2e-selectors)(\/.*)?$/ }, (found) =>
      found.pluginData === "resolved"
        ? undefined
        : build.resolve(found.path, { kind: "require-call", resolveDir: process.cwd(), pluginData: "resolved" }),
    );
  },
};

await esbuild.build({
  entryPoints: ["page.jsx"],
  outfile: "site/page.js",
  bundle: true,
  alias: { "react-router-dom-v5-compat": "react-router-dom" },
  plugins: [oneFormat],
  loader: { ".svg": "dataurl", ".png": "dataurl", ".woff": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl" },
  define: { "process.env.NODE_ENV": '"production"', global: "window" },
  logLevel: "error",
});
