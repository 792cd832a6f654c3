// The text that "Copy diagnostics" copies. It says what runs and how fast, and nothing about what was taught: no class names, no pictures,
// no names of files.

import type { Info } from 'teachable-wasm';
import { type StepSummary, steps } from './step-times.js';

/** Facts that the text contains. */
export interface DiagnosticsFacts {
  /** Null while the engine doesn't run. */
  info: Info | null;
  times: StepSummary;
  /** Result of the benchmark, if it was run. */
  benchmark: StepSummary | null;
  classCount: number;
  exampleCount: number;
  browser: string;
  language: string;
  processors: number | undefined;
  screen: string;
  isolated: boolean;
  serviceWorker: boolean;
  /** Estimate of the browser's storage in bytes, if it gives one. */
  storage: { usage?: number | undefined; quota?: number | undefined } | null;
}

const mib = (bytes: number | undefined) => (bytes === undefined ? 'unknown' : `${(bytes / 2 ** 20).toFixed(1)} MiB`);
const yesNo = (value: boolean) => (value ? 'yes' : 'no');

/** Returns the text, one fact per line. It is English in every language, because it is meant for a report. */
export function diagnosticsText(facts: DiagnosticsFacts): string {
  const { info, times, benchmark, storage } = facts;
  const lines = [
    'teachable-wasm diagnostics',
    `Browser: ${facts.browser}`,
    `Language: ${facts.language}`,
    `Processors: ${facts.processors ?? 'unknown'}`,
    `Screen: ${facts.screen}`,
    `Cross-origin isolated: ${yesNo(facts.isolated)}`,
    `Service worker: ${yesNo(facts.serviceWorker)}`,
  ];
  if (info) {
    const { model } = info;
    lines.push(
      `Engine build: ${info.variant}, threads: ${info.threads}, in a worker: ${yesNo(info.worker)}`,
      `Why this build: ${info.reason}`,
      `Reads canvases: ${yesNo(info.readsCanvases)}`,
      // The title of a file that the visitor chose may be private.
      `Network: ${model.format}, ${model.inputType}, ${model.inputWidth} x ${model.inputHeight} pixels, ${model.layers === 'two' ? 'two layers' : 'last layer'}, ${model.embeddingSize} values, ${model.multiplyAdds} multiply-adds`,
      `Memory: ${mib(info.usedBytes)} of ${mib(info.heapBytes)} in use, examples: ${mib(info.exampleBytes)}`,
      `Load: module ${ms(info.loadTimings.moduleMs)}, network ${ms(info.loadTimings.modelMs)}, preparation ${ms(info.loadTimings.prepareMs)}`,
    );
  } else lines.push('Engine: not running');
  lines.push(
    `Classes: ${facts.classCount}, examples: ${facts.exampleCount}`,
    `Browser storage: ${storage ? `${mib(storage.usage)} of ${mib(storage.quota)}` : 'unknown'}`,
    ...timesText('Frames', times),
  );
  if (benchmark) lines.push(...timesText('Benchmark', benchmark));
  return `${lines.join('\n')}\n`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function timesText(name: string, { frames, framesPerSecond, steps: times, total }: StepSummary): string[] {
  if (frames === 0) return [`${name}: none`];
  const both = ({ p50, p95 }: { p50: number; p95: number }) => `p50 ${ms(p50)}, p95 ${ms(p95)}`;
  return [
    `${name}: ${frames}, ${framesPerSecond.toFixed(1)} per second, ${both(total)}`,
    ...steps.map((step) => `  ${step}: ${both(times[step])}`),
  ];
}
