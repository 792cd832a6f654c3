// Code for pages of the visitor's own, with the project's file, classes and settings.

import type { Layers } from 'teachable-wasm';
import type { PlayerOptions } from '../player/project.js';

/** Names that the code contains. */
export interface SnippetContent {
  /** Name of the data set file. */
  fileName: string;
  labels: readonly string[];
  options: PlayerOptions;
  /** Layers of the embeddings; undefined for the package's default. */
  layers: Layers | undefined;
  /** Code for the network, as load() gets it; undefined for the package's. */
  network: string | undefined;
  /** Text for a picture that is like no example. */
  unknown: string;
}

/** Folder of the package on a page without a bundler, as the guide 'Serve the files yourself' copies it. */
const folder = './teachable/';

/** Returns the code for a project with a bundler, which is a module. */
export function moduleSnippet(content: SnippetContent): string {
  return `// npm install teachable-wasm
${moduleCode(content, { index: 'teachable-wasm', webcam: 'teachable-wasm/webcam' })}`;
}

/** Returns a whole page, which needs no bundler. */
export function pageSnippet(content: SnippetContent): string {
  const code = moduleCode(content, { index: `${folder}index.js`, webcam: `${folder}webcam.js` });
  return `<!doctype html>
<meta charset="utf-8">
<!-- npm install teachable-wasm, then: cp -r node_modules/teachable-wasm/web/dist teachable -->
<script type="module">
${code}</script>
`;
}

function moduleCode(
  { fileName, labels, options, layers, network, unknown }: SnippetContent,
  from: { index: string; webcam: string },
): string {
  const { rule, weighting } = options;
  const loadOptions = fields({ model: network, layers: layers && quote(layers) });
  return `import { load } from ${quote(from.index)};
import { Webcam } from ${quote(from.webcam)};

const labels = [${labels.map(quote).join(', ')}];
const classifier = await load(${loadOptions});
const examples = await fetch(${quote(encodeURI(fileName).replace(/[?#]/g, encodeURIComponent))});
await classifier.loadDataset(await examples.blob());

const webcam = new Webcam();
const answer = document.createElement('p');
document.body.append(webcam.video, answer);
await webcam.start();

webcam.eachFrame(async () => {
  const { prediction } = await classifier.observe(webcam.video, ${fields({ ...options, rule: rule && quote(rule), weighting: weighting && quote(weighting), topk: 0 })});
  const shares = labels.map((label) => \`\${label} \${Math.round(100 * (prediction.confidences[label] ?? 0))} %\`);
  answer.textContent = \`\${prediction.unknown ? ${quote(unknown)} : prediction.label} (\${shares.join(', ')})\`;
});
`;
}

/** Returns code that reads a network, and perhaps its weights, from files beside the page. */
export function fileCode(model: string, weights?: string): string {
  const read = (name: string) => `await (await fetch(${quote(name)})).arrayBuffer()`;
  return fields({ bytes: read(model), weights: weights && read(weights) });
}

/** Returns an object literal of code, without the fields that are undefined; '' when none is left. */
function fields(all: Record<string, string | number | undefined>): string {
  const entries = Object.entries(all).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return '';
  return `{ ${entries.map(([name, code]) => `${name}: ${code}`).join(', ')} }`;
}

/** Returns a string literal, which is harmless inside a script element, too. */
export function quote(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped.replace(/[<\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
