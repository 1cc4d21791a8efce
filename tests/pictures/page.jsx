// Draw one dashboard with Grafana's own components, outside of Grafana: ?dashboard=NAME&theme=dark&from=..&to=..
import React from "react";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import {
  CustomVariable, EmbeddedScene, SceneControlsSpacer, SceneDataNode, SceneDataTransformer, SceneGridItem, SceneGridLayout,
  SceneGridRow, SceneRefreshPicker, SceneTimePicker, SceneTimeRange, SceneVariableSet, VariableValueSelectors, VizPanel,
} from "@grafana/scenes";
import * as data from "@grafana/data";
import * as runtime from "@grafana/runtime";
import * as ui from "@grafana/ui";
import { framesOf } from "./queries.js";
import { Heat, Pie, Timeline } from "./standins.jsx";

const asked = new URLSearchParams(location.search);
const theme = data.createTheme({ colors: { mode: asked.get("theme") ?? "dark" } });
const range = { from: Number(asked.get("from")), to: Number(asked.get("to")) };
const values = JSON.parse(asked.get("values"));
const errors = [];
window.addEventListener("error", (event) => errors.push(String(event.message)));

runtime.config.theme2 = theme;
runtime.setAppEvents(new data.EventBusSrv());
runtime.setBackendSrv?.({ get: async () => ({}) });
runtime.setDataSourceSrv?.({ get: async () => ({}), getList: () => [], getInstanceSettings: () => undefined, reload() {} });
runtime.setTemplateSrv?.({ replace: (text) => text, getVariables: () => [], containsTemplate: () => false, updateTimeRange() {} });
runtime.setPanelRenderer?.(() => null);

const setting = (id) => ({
  id, path: id, name: id, description: "", settings: {}, editor: () => null, override: () => null,
  process: (value) => value, shouldApply: () => true, getItemsCount: () => 0,
});
data.standardFieldConfigEditorRegistry.setInit(() =>
  ["unit", "decimals", "min", "max", "displayName", "noValue", "links", "color", "thresholds", "mappings"].map(setting),
);
const transformers = new Map(Object.values(data.standardTransformers).map((found) => [found.id, found]));
data.standardTransformersRegistry.setInit(() =>
  [...transformers.values()].map((found) => ({ id: found.id, name: found.name, transformation: async () => found, editor: () => null })),
);

const plugins = {};
function panelOf(id, Component, custom = []) {
  const plugin = new data.PanelPlugin((props) => {
    const hasData = props.data.series.some((frame) => frame.length > 0);
    return hasData ? <Component {...props} /> : <Nothing {...props} />;
  });
  plugin.meta = {
    id, name: id, type: "panel", module: "", baseUrl: "",
    info: { author: { name: "" }, description: "", links: [], logos: { small: "", large: "" }, screenshots: [], updated: "", version: "" },
  };
  plugin.useFieldConfig({ useCustomConfig: (builder) => custom.forEach((name) => builder.addCustomEditor(setting(name))) });
  plugins[id] = plugin;
}
const Nothing = ({ fieldConfig, width, height }) => (
  <div style={{ width, height, display: "flex", alignItems: "center", justifyContent: "center", color: theme.colors.text.secondary, textAlign: "center" }}>
    {fieldConfig.defaults.noValue ?? "No data"}
  </div>
);
const displays = (props, more = {}) =>
  data.getFieldDisplayValues({
    fieldConfig: props.fieldConfig, reduceOptions: props.options.reduceOptions, replaceVariables: (text) => text,
    theme, data: props.data.series, timeZone: "utc", ...more,
  });

panelOf("stat", (props) => {
  const shown = displays(props, { sparkline: props.options.graphMode === "area", percentChange: props.options.showPercentChange });
  return (
    <div style={{ display: "flex", height: props.height }}>
      {shown.map((value, index) => (
        <ui.BigValue key={index} {...props.options} value={value.display} sparkline={value.sparkline} theme={theme}
          width={props.width / shown.length} height={props.height} />
      ))}
    </div>
  );
});
panelOf("bargauge", (props) => (
  <ui.VizRepeater
    {...props} source={props.data} getAlignmentFactors={data.getDisplayValueAlignmentFactors} getValues={() => displays(props)} orientation={props.options.orientation}
    itemSpacing={8} minVizHeight={props.options.minVizHeight} minVizWidth={props.options.minVizWidth} maxVizHeight={props.options.maxVizHeight}
    renderValue={({ value, width, height, alignmentFactors }) => (
      <ui.BarGauge {...props.options} valueDisplayMode={props.options.valueMode} value={value.display} field={value.field} width={width} height={height} theme={theme}
        orientation={props.options.orientation} alignmentFactors={alignmentFactors} itemSpacing={8} lcdCellWidth={12}
        display={value.view?.getFieldDisplayProcessor(value.colIndex)} />
    )}
  />
));
const LINE = {
  drawStyle: "line", lineInterpolation: "linear", lineWidth: 1, fillOpacity: 0, showPoints: "auto", pointSize: 5, axisPlacement: "auto",
  scaleDistribution: { type: "linear" }, stacking: { mode: "none", group: "A" }, hideFrom: { legend: false, tooltip: false, viz: false },
  barAlignment: -1, barWidthFactor: 0.6,
};
panelOf("timeseries", (props) => {
  const drawn = (config) => ({ ...config, custom: { ...LINE, ...config.custom } });
  const frames = props.data.series.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => (field.type === "number" ? { ...field, config: drawn(field.config) } : field)),
  }));
  return (
    <ui.TimeSeries frames={frames} structureRev={1} timeRange={props.timeRange} timeZone={["utc"]} width={props.width}
      height={props.height} legend={props.options.legend} options={props.options} />
  );
}, ["drawStyle", "lineWidth", "fillOpacity", "showPoints", "spanNulls", "stacking", "thresholdsStyle"]);
panelOf("table", (props) => (
  <ui.Table data={props.data.series[0]} width={props.width} height={props.height} timeRange={props.timeRange} cellHeight="sm" ariaLabel="table"
    initialSortBy={props.options.sortBy} />
), ["width", "align", "filterable", "cellOptions"]);
panelOf("piechart", (props) => <Pie {...props} theme={theme} shares={displays(props).filter((value) => value.display.numeric > 0)} />);
panelOf("heatmap", (props) => <Heat {...props} theme={theme} frames={props.data.series} unit={props.options.yAxis.unit} />);
panelOf("state-timeline", (props) => <Timeline {...props} theme={theme} frames={props.data.series} range={range} />);
runtime.setPluginImportUtils({ importPanelPlugin: async (id) => plugins[id], getPanelPluginFromCache: (id) => plugins[id] });

async function itemOf(panel, timeRange) {
  let series = [];
  let error;
  try {
    series = await framesOf(panel, values, range);
  } catch (problem) {
    error = String(problem);
    errors.push(`${panel.title}: ${error}`);
  }
  let source = new SceneDataNode({
    data: { state: error ? "Error" : "Done", series, timeRange, annotations: [], errors: error ? [{ message: error }] : undefined },
  });
  if (panel.transformations?.length) source = new SceneDataTransformer({ $data: source, transformations: panel.transformations });
  return new SceneGridItem({
    x: panel.gridPos.x, y: panel.gridPos.y, width: panel.gridPos.w, height: panel.gridPos.h,
    body: new VizPanel({
      title: panel.title, description: panel.description, pluginId: panel.type, options: panel.options, fieldConfig: panel.fieldConfig, $data: source,
    }),
  });
}

async function draw() {
  const dashboard = await (await fetch(`/dashboards/${asked.get("dashboard")}.json`)).json();
  const timeRange = { from: data.dateTime(range.from * 1000), to: data.dateTime(range.to * 1000), raw: { from: "now-1h", to: "now" } };
  const children = [];
  let row;
  for (const panel of dashboard.panels) {
    if (panel.type === "row") {
      const inside = await Promise.all(panel.panels.map((child) => itemOf(child, timeRange)));
      row = new SceneGridRow({ title: panel.title, isCollapsed: panel.collapsed, x: 0, y: panel.gridPos.y, width: 24, height: 1, children: inside });
      children.push(row);
      continue;
    }
    const item = await itemOf(panel, timeRange);
    if (row) row.setState({ children: [...row.state.children, item] });
    else children.push(item);
  }
  const variables = dashboard.templating.list.map(
    (found) =>
      new CustomVariable({
        name: found.name, label: found.label, isMulti: found.multi ?? false, includeAll: found.includeAll ?? false,
        query: found.type === "datasource" ? "Prometheus" : (values[`${found.name}_text`] ?? "a"),
        ...(found.includeAll ? { value: ["$__all"], text: ["All"] } : {}),
      }),
  );
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: timeRange.from.toISOString(), to: timeRange.to.toISOString(), timeZone: "utc" }),
    $variables: new SceneVariableSet({ variables }),
    controls: [new VariableValueSelectors({}), new SceneControlsSpacer(), new SceneTimePicker({}), new SceneRefreshPicker({ refresh: dashboard.refresh })],
    body: new SceneGridLayout({ children }),
  });
  document.body.style.background = theme.colors.background.canvas;
  createRoot(document.getElementById("root")).render(
    <MemoryRouter>
      <data.ThemeContext.Provider value={theme}>
        <ui.PanelContextProvider value={{ eventsScope: "page", eventBus: new data.EventBusSrv() }}>
          <ui.GlobalStyles />
          <div style={{ background: theme.colors.background.canvas, minHeight: "100vh", padding: 8 }}>
            <div style={{ fontSize: 20, padding: "4px 8px 8px" }}>{dashboard.title}</div>
            <scene.Component model={scene} />
          </div>
        </ui.PanelContextProvider>
      </data.ThemeContext.Provider>
    </MemoryRouter>,
  );
  // One line of the grid is 30 px and 8 px of space; on a narrow screen panels stand below each other.
  const boxes = dashboard.panels.map((panel) => panel.gridPos);
  const lines = window.innerWidth < 769 ? boxes.reduce((sum, box) => sum + box.h, 0) : Math.max(...boxes.map((box) => box.y + box.h));
  window.drawn = { errors, height: 150 + lines * 38 };
}
draw().catch((problem) => {
  document.body.innerText = problem.stack;
  window.drawn = { errors: [problem.stack], height: 900 };
});
