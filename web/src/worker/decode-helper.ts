// A worker that decodes pictures which may take long, so that they can be stopped without ending the classifier's own worker.

import { aborted } from '../shared/abort.js';
import type { ErrorCode } from '../shared/errors.js';
import type { Response } from '../shared/rpc.js';

/** A file to decode, for the helper. */
export interface DecodeRequest {
  /** The compiled decoder. */
  decoder: WebAssembly.Module;
  file: Uint8Array;
  refusesTruncated: boolean;
}

/** The helper's answer: the pixels [height, width, 4], or an error. */
export type DecodeAnswer =
  | { pixels: Uint8Array<ArrayBuffer>; width: number; height: number }
  | { code: ErrorCode; message: string; isRefused: boolean };

/** Methods of the worker's script when it runs as a helper. */
export interface HelperMethods {
  decodePicture(request: DecodeRequest): DecodeAnswer;
}

/** A started worker. */
export interface Helper {
  /** Sends a message. One of the two functions is called once: with the first message that comes back, or when the worker fails. */
  ask(message: unknown, onAnswer: (answer: unknown) => void, onFailure: () => void): void;
  terminate(): void;
}

/** Starts the worker's script again, in another worker. */
export type StartHelper = () => Helper | Promise<Helper>;

/** Starts the helper with the first picture, and ends it when a picture is late or no longer wanted. */
export class DecodeHelper {
  readonly #start: StartHelper;
  #running: Helper | undefined;

  constructor(start: StartHelper) {
    this.#start = start;
  }

  /**
   * Decodes one picture at a time.
   * @returns 'late' after the deadline; undefined when no helper can run here.
   * @throws 'aborted'
   */
  async decode(
    request: DecodeRequest,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<DecodeAnswer | 'late' | undefined> {
    if (signal?.aborted) throw aborted(signal);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let onAbort = () => {};
    try {
      const helper = (this.#running ??= await this.#start());
      return await new Promise<DecodeAnswer | 'late' | undefined>((resolve, reject) => {
        const end = () => {
          // A terminated worker reports its end later, when another one may run.
          if (this.#running === helper) this.#running = undefined;
          helper.terminate();
        };
        onAbort = () => {
          end();
          reject(aborted(signal));
        };
        signal?.addEventListener('abort', onAbort);
        if (signal?.aborted) return onAbort();
        timer = setTimeout(() => {
          end();
          resolve('late');
        }, deadlineMs);
        helper.ask(
          { id: 1, method: 'decodePicture', args: request, reports: false },
          (answer) => {
            const response = answer as Response;
            if (response.kind === 'value') return resolve(response.value as DecodeAnswer);
            end();
            resolve(undefined);
          },
          () => {
            end();
            resolve(undefined);
          },
        );
      });
    } catch (error) {
      if ((error as { code?: unknown }).code === 'aborted') throw error;
      // No worker can start here, or it can't receive a compiled module.
      this.#running = undefined;
      return undefined;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
