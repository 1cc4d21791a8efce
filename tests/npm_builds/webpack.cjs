"use strict";
// Builds with webpack and the plugin that the first argument names.
const webpack = require("webpack");
const settings = require("./settings.cjs");

const PLUGINS = {
  sentry: () => {
    const { sentryWebpackPlugin } = require("@sentry/webpack-plugin");
    return sentryWebpackPlugin(settings.sentry);
  },
  honeybadger: () => {
    const Plugin = require("@honeybadger-io/webpack");
    return new Plugin({
      apiKey: settings.key,
      assetsUrl: "https://*.example/static",
      revision: settings.release,
      endpoint: `${settings.url}/v1/source_maps`,
      deployEndpoint: `${settings.url}/v1/deploys`,
      deploy: { environment: "production", localUsername: "jo" },
    });
  },
  rollbar: () => {
    const Plugin = require("rollbar-sourcemap-webpack-plugin");
    return new Plugin({
      accessToken: settings.key,
      version: settings.release,
      publicPath: "//cdn.example/static",
      rollbarEndpoint: `${settings.url}/api/1/sourcemap`,
    });
  },
};

webpack(
  {
    mode: "production",
    devtool: "hidden-source-map",
    entry: settings.entry,
    resolve: { extensions: [".ts", ".js"] },
    output: { path: settings.out, filename: "app.js" },
    plugins: [PLUGINS[process.argv[2]]()],
  },
  (error, stats) => {
    if (error || stats.hasErrors()) {
      console.error(error || stats.toString("errors-only"));
      process.exitCode = 1;
    }
  },
);
