// The drawer with the recording options. It is loaded when it is opened first.

import type { WebcamDevice } from 'teachable-wasm/webcam';
import { build } from '../dom/build.js';
import type { DrawerContent } from '../dom/drawer.js';
import { makeButton } from '../dom/elements.js';
import { texts } from '../texts/texts.js';
import {
  delays,
  durations,
  limits,
  maxZoom,
  noZoom,
  type RecordingOptions,
  rates,
  withinPicture,
  type Zoom,
} from './options.js';
import type { RecordingSettings } from './settings.js';

/** Functions and data that the panel needs from the rest of the page. */
export interface OptionsPanelParts {
  settings: RecordingSettings;
  /** Returns true when the camera is shown mirrored. */
  mirror(): boolean;
  /** Returns true when the preview is mirrored now. */
  isMirrored(): boolean;
  /** Returns the cameras of this device. */
  devices(): Promise<WebcamDevice[]>;
  /** Calls `listener` when the camera has started. */
  onCameraLive(listener: () => void): void;
}

type NumberOption = 'perSecond' | 'maxExamples' | 'delaySeconds' | 'durationSeconds';

/** Fills the drawer `root`. */
export function fillRecordingOptions(root: HTMLElement, parts: OptionsPanelParts): DrawerContent {
  const { settings } = parts;
  const { recording } = texts;
  const number = (name: NumberOption, label: string, values: readonly number[], textOf: (value: number) => string) => {
    const select = build('select', { id: `recording-${name}`, 'data-testid': `recording-${name}` });
    select.append(...values.map((value) => build('option', { value }, textOf(value))));
    select.addEventListener('change', () => settings.change({ [name]: Number(select.value) }));
    return {
      row: build('p', { class: 'option' }, build('label', { for: select.id }, label), select),
      show: (options: RecordingOptions) => void (select.value = String(options[name])),
    };
  };
  const numbers = [
    number('perSecond', recording.perSecond, rates, (value) => (value === 0 ? recording.everyFrame : String(value))),
    number('maxExamples', recording.maxExamples, limits, (value) =>
      value === 0 ? recording.noLimit : texts.common.examples(value),
    ),
    number('delaySeconds', recording.delay, delays, (value) =>
      value === 0 ? recording.atOnce : recording.inSeconds(value),
    ),
    number('durationSeconds', recording.duration, durations, (value) =>
      value === 0 ? recording.untilStopped : recording.forSeconds(value),
    ),
  ];
  const toggle = checkbox('recording-toggle', recording.toggle, (checked) => settings.change({ toggle: checked }));
  const mirror = checkbox('recording-mirror', recording.mirror, (checked) => settings.change({ mirror: checked }));
  const camera = new CameraChoice(settings, parts.devices);
  const zoom = new ZoomSliders(settings, parts.isMirrored);
  root.append(
    build('fieldset', {}, build('legend', {}, recording.howTitle), ...numbers.map(({ row }) => row), toggle.row),
    build('p', { class: 'hint' }, recording.handsFreeHint),
    build('fieldset', {}, build('legend', {}, recording.cameraTitle), camera.row, mirror.row, ...zoom.rows),
    build('p', { class: 'hint' }, recording.zoomHint),
  );
  const show = (options: RecordingOptions) => {
    for (const each of numbers) each.show(options);
    toggle.box.checked = options.toggle;
    mirror.box.checked = parts.mirror();
    camera.show(options);
    zoom.show(options.zoom);
  };
  settings.follow(show);
  parts.onCameraLive(() => {
    show(settings.current);
    void camera.list();
  });
  navigator.mediaDevices?.addEventListener?.('devicechange', () => void camera.list());
  return { opened: () => void camera.list() };
}

function checkbox(id: string, text: string, onChange: (checked: boolean) => void) {
  const box = build('input', { type: 'checkbox', id, 'data-testid': id });
  box.addEventListener('change', () => onChange(box.checked));
  return { box, row: build('p', { class: 'option-check' }, build('label', { for: id }, box, text)) };
}

/** The choice of a camera: front, back, or one of the devices by its name. */
class CameraChoice {
  readonly #select = build('select', { id: 'recording-camera', 'data-testid': 'recording-camera' });
  readonly #settings: RecordingSettings;
  readonly #read: () => Promise<WebcamDevice[]>;
  readonly row: HTMLElement;
  #devices: WebcamDevice[] = [];

  constructor(settings: RecordingSettings, read: () => Promise<WebcamDevice[]>) {
    this.#settings = settings;
    this.#read = read;
    this.row = build(
      'p',
      { class: 'option' },
      build('label', { for: this.#select.id }, texts.recording.device),
      this.#select,
    );
    this.#select.addEventListener('change', () => {
      const [kind, value = ''] = this.#select.value.split(/:(.*)/s);
      settings.change(
        kind === 'device'
          ? { deviceId: value }
          : { deviceId: '', facing: value === 'environment' ? 'environment' : 'user' },
      );
    });
    this.show(settings.current);
  }

  /** Reads which cameras there are. Their names are known after the visitor has allowed one. */
  async list(): Promise<void> {
    const devices = await this.#read().catch(() => []);
    this.#devices = devices.filter(({ deviceId }) => deviceId !== '');
    this.show(this.#settings.current);
  }

  show({ deviceId, facing }: RecordingOptions): void {
    const { recording } = texts;
    const option = (value: string, text: string) => build('option', { value }, text);
    const devices = this.#devices.map((each, index) =>
      option(`device:${each.deviceId}`, each.label || recording.deviceNumber(index + 1)),
    );
    // A camera that is unplugged now stays the choice.
    if (deviceId !== '' && !this.#devices.some((each) => each.deviceId === deviceId))
      devices.push(option(`device:${deviceId}`, recording.earlierDevice));
    this.#select.replaceChildren(
      option('facing:user', recording.front),
      option('facing:environment', recording.back),
      ...devices,
    );
    this.#select.value = deviceId === '' ? `facing:${facing}` : `device:${deviceId}`;
  }
}

/** The sliders of the zoom. */
class ZoomSliders {
  readonly #settings: RecordingSettings;
  readonly #mirrored: () => boolean;
  readonly #scale: HTMLInputElement;
  readonly #across: HTMLInputElement;
  readonly #down: HTMLInputElement;
  readonly #whole: HTMLButtonElement;
  readonly rows: HTMLElement[] = [];

  constructor(settings: RecordingSettings, mirrored: () => boolean) {
    this.#settings = settings;
    this.#mirrored = mirrored;
    const { recording } = texts;
    this.#scale = this.#slider('zoom', recording.zoom, { min: 1, max: maxZoom, step: 0.05 });
    this.#across = this.#slider('zoom-x', recording.fromLeft, { min: 0, max: 1, step: 0.01 });
    this.#down = this.#slider('zoom-y', recording.fromTop, { min: 0, max: 1, step: 0.01 });
    this.#whole = makeButton(recording.wholePicture, () => settings.change({ zoom: { ...noZoom } }));
    this.#whole.dataset['testid'] = 'zoom-reset';
    this.rows.push(this.#whole);
  }

  show({ scale, x, y }: Zoom): void {
    const factor = `${scale.toFixed(2).replace(/\.?0+$/, '')} ×`;
    this.#scale.value = String(scale);
    this.#scale.setAttribute('aria-valuetext', factor);
    this.rows[0]!.querySelector('output')!.textContent = factor;
    const isWhole = scale === 1;
    // The sliders go over all centres that the part can have.
    const margin = 0.5 / scale;
    const along = (center: number) => (isWhole ? 0.5 : (center - margin) / (1 - 2 * margin));
    const across = along(this.#mirrored() ? 1 - x : x);
    for (const [slider, value] of [
      [this.#across, across],
      [this.#down, along(y)],
    ] as const) {
      slider.value = String(value);
      slider.disabled = isWhole;
      slider.setAttribute('aria-valuetext', `${Math.round(value * 100)} %`);
    }
    this.#whole.disabled = isWhole;
  }

  #slider(name: string, label: string, range: { min: number; max: number; step: number }): HTMLInputElement {
    const id = `recording-${name}`;
    const slider = build('input', { type: 'range', id, 'data-testid': id, ...range });
    this.rows.push(
      build('div', { class: 'setting' }, build('label', { for: id }, label), build('output', { for: id }), slider),
    );
    slider.addEventListener('input', () => {
      const scale = Number(this.#scale.value);
      const margin = 0.5 / scale;
      const center = (value: string) => margin + Number(value) * (1 - 2 * margin);
      // While the scale changes, the centre stays where it is.
      const { zoom } = this.#settings.current;
      const shownX = center(this.#across.value);
      const moved = { x: this.#mirrored() ? 1 - shownX : shownX, y: center(this.#down.value) };
      this.#settings.change({ zoom: withinPicture({ ...(slider === this.#scale ? zoom : moved), scale }) });
    });
    return slider;
  }
}
