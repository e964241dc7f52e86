// A JupyterLab extension by hand, without a build step: the alt text of pictures.
//
// A notebook may carry a picture's text in the output's metadata, `{"image/png": {"alt": "..."}}`;
// `dpwidgets.show` writes it there. JupyterLab 4.6 does not hand it to <img>; this does.
// JupyterLab loads this file, calls `init` with the modules that it shares, then `get` for the
// plugin that package.json names. With a JupyterLab that has another form: one warning, no change.
(() => {
  const NAME = "dpwidgets-alt-text";
  let shared = {};

  const warn = (why) => console.warn(`${NAME}: pictures stay without their text: ${why}`);

  // A shared module under its name, as { version: { get, loaded } }; the one in use comes first.
  async function load(name) {
    const versions = Object.values(shared[name] ?? {});
    const version = versions.find(({ loaded }) => loaded) ?? versions[0];
    if (!version) throw new Error(`JupyterLab shares no ${name}`);
    return (await version.get())();
  }

  // The extension for JupyterLab's own image renderer: same kinds of picture, same rank.
  async function makePlugin() {
    const { IRenderMimeRegistry, RenderedImage, imageRendererFactory } = await load("@jupyterlab/rendermime");
    if (!IRenderMimeRegistry || !RenderedImage || !imageRendererFactory) {
      throw new Error("@jupyterlab/rendermime has another form");
    }

    class ImageWithAlt extends RenderedImage {
      async render(model) {
        await super.render(model);
        const alt = model.metadata[this.mimeType]?.alt;
        if (typeof alt === "string") this.node.querySelector("img")?.setAttribute("alt", alt);
      }
    }

    const factory = { ...imageRendererFactory, createRenderer: (options) => new ImageWithAlt(options) };
    return {
      id: `${NAME}:plugin`,
      description: "Gives pictures in outputs the alt text in their metadata.",
      autoStart: true,
      requires: [IRenderMimeRegistry],
      activate: (app, rendermime) => rendermime.addFactory(factory),
    };
  }

  const container = {
    init(scope) {
      shared = scope;
    },
    async get() {
      const plugins = [];
      try {
        plugins.push(await makePlugin());
      } catch (error) {
        warn(error.message);
      }
      return () => ({ default: plugins, __esModule: true });
    },
  };
  (window._JUPYTERLAB ??= {})[NAME] = container;
})();
