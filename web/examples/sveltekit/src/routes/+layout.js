// The page is rendered once, at build time.
export const prerender = true;
