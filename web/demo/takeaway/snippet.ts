// Code for pages of the visitor's own, with the project's file, classes and settings.

import type { Layers } from 'teachable-wasm';
import type { PlayerOptions } from '../player/project.js';

/** What the code names. */
export interface SnippetContent {
  /** Name of the data set file. */
  fileName: string;
  labels: readonly string[];
  options: PlayerOptions;
  /** Layers of the embeddings; undefined for the package's default. */
  layers: Layers | undefined;
  /** Address of the network; undefined for the package's. */
  model: string | undefined;
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
  { fileName, labels, options, layers, model, unknown }: SnippetContent,
  from: { index: string; webcam: string },
): string {
  const loadOptions = fields({ model, layers });
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
  const { prediction } = await classifier.observe(webcam.video, ${fields({ ...options, topk: 0 })});
  const shares = labels.map((label) => \`\${label} \${Math.round(100 * (prediction.confidences[label] ?? 0))} %\`);
  answer.textContent = \`\${prediction.unknown ? ${quote(unknown)} : prediction.label} (\${shares.join(', ')})\`;
});
`;
}

/** Returns an object literal without the fields that are undefined; '' when none is left. */
function fields(all: Record<string, string | number | undefined>): string {
  const entries = Object.entries(all).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return '';
  return `{ ${entries.map(([name, value]) => `${name}: ${typeof value === 'string' ? quote(value) : value}`).join(', ')} }`;
}

/** Returns a string literal, which is harmless inside a script element, too. */
function quote(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped.replace(/[<\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
