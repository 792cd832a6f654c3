// Texts for the states of the camera.

import type { WebcamState } from 'teachable-wasm/webcam';

/** The texts of each state: a headline, what to do, and the text of the button. */
export const cameraTexts: Record<WebcamState, { headline: string; help: string; button: string }> = {
  idle: {
    headline: 'Point a camera at something',
    help: 'Then hold the button of a class while you show it. One or two seconds are enough.',
    button: 'Start camera',
  },
  prompting: {
    headline: 'May this page use the camera?',
    help: 'Your browser asks for permission. Choose Allow.',
    button: 'Waiting for permission',
  },
  live: { headline: '', help: '', button: '' },
  denied: {
    headline: 'The camera is blocked',
    help: 'Click the camera or lock icon next to the address, allow the camera, and try again. Pictures work without a camera.',
    button: 'Try again',
  },
  'no-device': {
    headline: 'No camera found',
    help: 'Connect a camera and try again, or add pictures to the classes.',
    button: 'Try again',
  },
  'in-use': {
    headline: 'The camera is busy',
    help: 'Another program uses it. Close that program and try again.',
    button: 'Try again',
  },
  'insecure-context': {
    headline: 'No camera at this address',
    help: 'Browsers allow cameras only on https pages and on localhost. Pictures work here.',
    button: 'Try again',
  },
  ended: {
    headline: 'The camera stopped',
    help: 'It was unplugged, or its permission was removed. Your examples are still here.',
    button: 'Start camera',
  },
  failed: {
    headline: 'The camera did not start',
    help: 'Try again, or add pictures to the classes.',
    button: 'Try again',
  },
};
