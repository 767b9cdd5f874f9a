node script.mjs
