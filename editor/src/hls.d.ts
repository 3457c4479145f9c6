/** hls.js ships no types for its light build; it is the same class without the parts the light build leaves out. */
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
