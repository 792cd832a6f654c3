// The drawer 'Take it with you': the project as one HTML file, and code for pages of the visitor's own.

import type { Classifier, LoadOptions } from 'teachable-wasm';
import { datedFileName, download } from '../dataset/files.js';
import { build } from '../dom/build.js';
import type { DrawerContent } from '../dom/drawer.js';
import { isActive } from '../outputs/output.js';
import type { PlayerCamera, PlayerClass, PlayerOptions } from '../player/project.js';
import { language, texts } from '../texts/texts.js';
import { copyText } from './copy.js';
import { fileNameOf } from './file-name.js';
import type { NetworkSource } from './network.js';
import { estimateBytes, fetchFile, writePlayerFile } from './player-file.js';
import { fileCode, moduleSnippet, pageSnippet, quote, type SnippetContent } from './snippet.js';

/** Functions that the drawer needs from the page. All return the state at the time of the call. */
export interface TakeawaySource {
  /** Name of the project; '' for none. */
  name(): string;
  /** The classes in the order of the page, with what happens when they win. */
  classes(): readonly PlayerClass[];
  exampleCount(): number;
  options(): PlayerOptions;
  camera(): PlayerCamera;
  /** Null while it loads. */
  classifier(): Classifier | null;
  /** The network, as load() got it; undefined for the package's. */
  model(): LoadOptions['model'];
  /** Returns the data set file, with the pictures of the examples or without. */
  examples(withPictures: boolean): Promise<Blob>;
}

/** Fills the drawer. */
export function fillTakeaway(root: HTMLElement, source: TakeawaySource): DrawerContent {
  const file = new FileSection(source);
  const code = new CodeSection(source);
  root.append(build('div', { class: 'takeaway' }, file.root, code.root));
  return {
    opened() {
      void file.refresh();
      code.refresh();
    },
  };
}

/** 'Download as one HTML file'. */
class FileSection {
  readonly #source: TakeawaySource;
  readonly #size = build('p', { 'data-testid': 'takeaway-size' });
  readonly #status = build('p', { role: 'status', 'data-testid': 'takeaway-status' });
  readonly #button = build(
    'button',
    { type: 'button', 'data-testid': 'takeaway-download', on: { click: () => void this.#download() } },
    texts.takeaway.download,
  );
  readonly root = build(
    'section',
    {},
    build('h3', {}, texts.takeaway.fileTitle),
    build('p', {}, texts.takeaway.fileAbout),
    this.#size,
    build('p', { class: 'hint' }, texts.takeaway.fileCamera),
    this.#button,
    this.#status,
  );

  constructor(source: TakeawaySource) {
    this.#source = source;
  }

  /** Shows about how large the file will be. */
  async refresh(): Promise<void> {
    const classifier = this.#source.classifier();
    const info = await classifier?.info().catch(() => undefined);
    this.#size.hidden = !info;
    if (!classifier || !info) return;
    const exampleBytes = this.#source.exampleCount() * classifier.embeddingSize * 4;
    this.#size.textContent = texts.takeaway.fileSize(
      megabytes(estimateBytes(info.modelBytes, exampleBytes, fileBytesOf(this.#source.classes()))),
    );
  }

  async #download(): Promise<void> {
    const source = this.#source;
    const classifier = source.classifier();
    if (!classifier) return this.#show(texts.takeaway.stillLoading);
    if (source.exampleCount() === 0) return this.#show(texts.takeaway.needsExamples);
    this.#button.disabled = true;
    this.#show(texts.takeaway.downloading);
    try {
      const name = fileNameOf(source.name(), 'teachable machine', 'html');
      const { model } = classifier;
      const { sound, on, off, troubles } = texts.outputs;
      const page = await writePlayerFile(
        {
          title: source.name() || document.title,
          project: {
            name: source.name(),
            language,
            texts: { ...texts.takeaway.player, sound, on, off, troubles },
            classes: source.classes().map(forPlayer),
            layers: model.layers,
            options: source.options(),
            camera: cameraOf(source),
          },
          examples: await source.examples(false),
          network: absolute(source.model() ?? new URL('./network.json', import.meta.url)),
          needsConverter: model.format !== 'tflite',
          template: new URL('./player.html', import.meta.url).href,
          library: new URL('./lib/', document.baseURI).href,
        },
        fetchFile,
      );
      download(page, name);
      this.#show(texts.takeaway.downloaded(name));
    } catch (error) {
      this.#show(texts.takeaway.failed(error instanceof Error ? error.message : String(error)));
    } finally {
      this.#button.disabled = false;
      this.#button.focus({ preventScroll: true });
    }
  }

  #show(text: string): void {
    this.#status.textContent = text;
  }
}

/** 'Copy the code'. */
class CodeSection {
  readonly #source: TakeawaySource;
  readonly #code = build('code');
  /** It scrolls, so the keyboard must reach it. */
  readonly #codeBox = build(
    'pre',
    { tabindex: 0, role: 'region', 'aria-label': texts.takeaway.code, 'data-testid': 'takeaway-code' },
    this.#code,
  );
  readonly #status = build('p', { role: 'status', 'data-testid': 'takeaway-code-status' });
  readonly #bundled = this.#choice(true, texts.takeaway.codeBundled);
  readonly root = build(
    'section',
    {},
    build('h3', {}, texts.takeaway.codeTitle),
    build('p', {}, texts.takeaway.codeAbout),
    build(
      'fieldset',
      { class: 'code-kinds' },
      build('legend', { class: 'visually-hidden' }, texts.takeaway.codeKinds),
      this.#bundled.parentElement!,
      this.#choice(false, texts.takeaway.codePlain).parentElement!,
    ),
    this.#codeBox,
    build(
      'div',
      { class: 'saving-tools' },
      build(
        'button',
        { type: 'button', 'data-testid': 'takeaway-copy', on: { click: () => void this.#copy() } },
        texts.takeaway.copy,
      ),
      build(
        'button',
        { type: 'button', 'data-testid': 'takeaway-examples', on: { click: () => void this.#downloadExamples() } },
        texts.takeaway.downloadExamples,
      ),
    ),
    this.#status,
  );

  constructor(source: TakeawaySource) {
    this.#source = source;
  }

  refresh(): void {
    const source = this.#source;
    const { layers } = source.classifier()?.model ?? {};
    const content: SnippetContent = {
      fileName: this.#fileName,
      labels: source.classes().map(({ label }) => label),
      options: source.options(),
      // The package's own network has embeddings of two layers by default.
      layers: source.model() === undefined && layers === 'two' ? undefined : layers,
      network: networkCode(source.model()),
      unknown: texts.takeaway.player.unknown,
    };
    this.#code.textContent = this.#bundled.checked ? moduleSnippet(content) : pageSnippet(content);
  }

  get #fileName(): string {
    return this.#source.name() ? fileNameOf(this.#source.name(), 'examples', 'tmkn') : datedFileName();
  }

  #choice(isBundled: boolean, text: string): HTMLInputElement {
    const input = build('input', {
      type: 'radio',
      name: 'takeaway-code-kind',
      checked: isBundled,
      'data-testid': isBundled ? 'takeaway-bundled' : 'takeaway-plain',
      on: { change: () => this.refresh() },
    });
    build('label', {}, input, text);
    return input;
  }

  async #copy(): Promise<void> {
    this.refresh();
    this.#status.textContent = (await copyText(this.#codeBox)) ? texts.takeaway.copied : texts.takeaway.notCopied;
  }

  async #downloadExamples(): Promise<void> {
    this.refresh();
    try {
      download(await this.#source.examples(true), this.#fileName);
    } catch (error) {
      this.#status.textContent = texts.takeaway.failed(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Returns a class with what the player does when it wins. A page from a file must not ask for MIDI devices at that moment. */
function forPlayer({ label, slot, output }: PlayerClass): PlayerClass {
  const played = output && { ...output, midi: { ...output.midi, on: false } };
  return { label, slot, ...(played && isActive(played) && { output: played }) };
}

/** Returns the size of the visitor's own sounds and pictures that the file will have. */
function fileBytesOf(classes: readonly PlayerClass[]): number {
  const files = classes.map(forPlayer).flatMap(({ output }) => [output?.sound.own, output?.picture.own]);
  return files.reduce((sum, file) => sum + (file?.data.length ?? 0), 0);
}

/** Returns what the player needs to know of the camera. Its id means nothing to another page. */
function cameraOf(source: TakeawaySource): PlayerCamera {
  const { facing, mirror, zoom } = source.camera();
  return { facing, mirror, zoom };
}

/** Returns the network with an address that doesn't depend on the page's. */
function absolute(network: NetworkSource): NetworkSource {
  return typeof network === 'string' || network instanceof URL ? new URL(network, document.baseURI).href : network;
}

/** Returns the network as code; undefined for the package's. */
function networkCode(network: LoadOptions['model']): string | undefined {
  if (network === undefined) return undefined;
  const known = absolute(network);
  if (typeof known === 'string') return quote(known);
  return 'weights' in Object(known) ? fileCode('model.json', 'weights.bin') : fileCode('model.tflite');
}

/** Formats a number of bytes, for example '5 MB'. */
function megabytes(bytes: number): string {
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: 'megabyte',
    maximumFractionDigits: bytes < 10e6 ? 1 : 0,
  }).format(bytes / 1e6);
}
