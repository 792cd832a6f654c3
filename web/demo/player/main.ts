// The page that runs from one file. It holds this script, the module, the network, the examples, and what was chosen for them. The
// script also runs in the page's worker.

import { fromTaggedJson } from '../projects/tagged-json.js';
import { decodePart } from '../takeaway/parts.js';
import { useFiles } from './embedded.js';
import { serveInWorker, startEngine } from './engine.js';
import { type PlayerProject, projectPart } from './project.js';
import { PlayerView } from './view.js';

async function startPage(): Promise<void> {
  const script = document.currentScript!.textContent!;
  let view: PlayerView | undefined;
  try {
    const files = await readParts();
    const project = fromTaggedJson(new TextDecoder().decode(files.get(projectPart))) as PlayerProject;
    view = new PlayerView(project);
    await view.start(await startEngine(project, files, script));
  } catch (error) {
    if (view) view.fail(error);
    else showWithoutTexts(error);
  }
}

/** The texts are in one of the parts. A browser without DecompressionStream, or a damaged file, has none. */
function showWithoutTexts(error: unknown): void {
  const place = document.getElementById('player')!;
  place.lang = 'en';
  place.setAttribute('role', 'alert');
  place.textContent = `This page can't run here. The browser may be too old, or the file is damaged. ${String(error)}`;
  document.body.dataset['failed'] = '';
}

/** Takes the parts out of the page, which frees the memory of their text. */
async function readParts(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const element of document.querySelectorAll<HTMLElement>('script[data-part]')) {
    files.set(element.dataset['part']!, await decodePart(element.textContent!));
    element.remove();
  }
  useFiles(files);
  return files;
}

if (typeof document === 'undefined') serveInWorker();
else void startPage();
