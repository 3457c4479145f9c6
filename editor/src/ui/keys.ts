/** How the modifier key is written on this machine. */
export const isApple = /mac|iphone|ipad/iu.test(navigator.userAgent);
export const modKey = isApple ? '⌘' : 'Ctrl ';
