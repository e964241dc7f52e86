/** A lab whose controls are all described in the trait `controls`. */
export default labView(describedControls);
