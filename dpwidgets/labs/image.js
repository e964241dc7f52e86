/** The image lab: what to look at, and the pipeline. */
export default labView(controlsAndPipeline, { makes: "these pictures" });
