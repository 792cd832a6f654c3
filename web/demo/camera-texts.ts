// The states of the camera in the page's words.

import type { WebcamState } from 'teachable-wasm/webcam';

/** What a state means to people: a headline, what to do, and the button's text. */
export const cameraTexts: Record<WebcamState, { lead: string; help: string; button: string }> = {
  idle: {
    lead: 'Point a camera at something',
    help: 'Then hold the button of a class while you show it. A second or two is enough.',
    button: 'Start camera',
  },
  prompting: {
    lead: 'May this page see?',
    help: 'Your browser is asking for the camera: choose Allow.',
    button: 'Waiting for permission',
  },
  live: { lead: '', help: '', button: '' },
  denied: {
    lead: 'The camera is blocked',
    help: 'Allow it for this page with the camera or lock icon beside the address, then try again. Pictures work without it.',
    button: 'Try again',
  },
  'no-device': {
    lead: 'No camera found',
    help: 'Plug one in and try again, or add pictures to the classes.',
    button: 'Try again',
  },
  'in-use': {
    lead: 'The camera is busy',
    help: 'Another program holds it. Close that program and try again.',
    button: 'Try again',
  },
  'insecure-context': {
    lead: 'No camera on this address',
    help: 'Browsers give cameras to https pages and to localhost only. Pictures work here all the same.',
    button: 'Try again',
  },
  ended: {
    lead: 'The camera stopped',
    help: 'It was unplugged or its permission was taken back. Your examples are still here.',
    button: 'Start camera',
  },
  failed: { lead: 'The camera did not start', help: 'Try again, or add pictures to the classes.', button: 'Try again' },
}; // prettier-ignore
