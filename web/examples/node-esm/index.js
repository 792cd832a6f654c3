// node index.js cat.jpg dog.jpg unknown.jpg
// Prints the classes of the third picture, and which of the first two pictures it is more similar to.
import { readFile } from 'node:fs/promises';
import { load } from 'teachable-wasm';

const [first, second, unknown] = await Promise.all(process.argv.slice(2).map((file) => readFile(file)));
const classifier = await load();
await classifier.addExample(first, 'first');
await classifier.addExample(second, 'second');
const { classes, prediction } = await classifier.observe(unknown);
console.log(JSON.stringify({ classes, label: prediction.label }));
classifier.dispose();
