"use strict";
// What all builds have in common: where they upload to, as the plugins' own options.
const url = process.env.EXPORTER_URL;
exports.entry = require("node:path").join(__dirname, process.env.ENTRY || "src/index.js");
exports.out = process.env.OUT;
exports.url = url;
exports.key = process.env.PROJECT_KEY;
exports.release = process.env.RELEASE || "shop@1.4.2";
exports.sentry = {
  url,
  org: "acme",
  project: "shop",
  authToken: process.env.SENTRY_AUTH_TOKEN,
  release: { name: exports.release, deploy: { env: "production" } },
  telemetry: false,
};
