// Tells JupyterLab where gmaps' widgets are; they are fetched when the first map is shown.
import { IJupyterWidgetRegistry } from "@jupyter-widgets/base";

export default {
  id: "jupyter-gmaps:plugin",
  requires: [IJupyterWidgetRegistry],
  autoStart: true,
  activate: (app, registry) => registry.registerWidget({
    name: "jupyter-gmaps",
    version: "0.9.0",
    exports: () => import("./build/src/index.js"),
  }),
};
