// A test double of the border (web/src/wasm-module.d.ts) for node tests of the TypeScript around it. It classifies
// nothing: the "embedding" is the mean colour of the frame. Browser tests use the real module.

class WasmError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

class FakeClassifier {
  runCount = 0;
  #examples = new Map();
  #frame = null;
  #encoded = null;
  #embedding = null;

  constructor(module, threadCount) {
    this.module = module;
    this.threadCount = threadCount;
    module.live++;
  }

  modelBuffer(byteLength) {
    return (this.model = new Uint8Array(byteLength));
  }

  weightsBuffer(byteLength) {
    return (this.weights = new Uint8Array(byteLength));
  }

  loadModel(preprocess) {
    this.preprocess = preprocess;
    if (new TextDecoder().decode(this.model).includes('damaged')) throw new WasmError('bad-model', 'The model is damaged at byte 7.');
    return {
      inputWidth: 8,
      inputHeight: 6,
      inputType: 'uint8',
      rangeLow: Number.isNaN(preprocess.rangeLow) ? -1 : preprocess.rangeLow,
      rangeHigh: Number.isNaN(preprocess.rangeHigh) ? 1 : preprocess.rangeHigh,
      embeddingSize: 3,
      classCount: this.module.classCount,
      format: 'tflite',
    };
  }

  frameBuffer(width, height) {
    this.#frame = new Uint8Array(width * height * 4);
    this.#embedding = null;
    return this.#frame;
  }

  encodedBuffer(byteLength) {
    return (this.#encoded = new Uint8Array(byteLength));
  }

  decodeFrame() {
    if (this.#encoded[0] !== 0xff) throw new WasmError('bad-image', 'Neither JPEG, PNG nor BMP.');
    this.frameBuffer(1, 1).set([this.#encoded[1], this.#encoded[2], this.#encoded[3], 255]);
    return { width: 1, height: 1 };
  }

  embed() {
    if (!this.#embedding) {
      this.runCount++;
      const sums = [0, 0, 0];
      this.#frame.forEach((value, index) => index % 4 < 3 && (sums[index % 4] += value));
      this.#embedding = Float32Array.from(sums, (sum) => sum / (this.#frame.length / 4));
    }
    return this.#embedding.slice();
  }

  classify(topk) {
    if (this.module.classCount === 0) throw new WasmError('bad-argument', 'This model has no classes.');
    const all = Array.from({ length: this.module.classCount }, (_, classIndex) => ({ classIndex, probability: 1 / this.module.classCount }));
    return all.slice(0, topk);
  }

  addExample(label) {
    this.addEmbedding(this.embed(), label);
  }

  predict(k) {
    return this.predictEmbedding(this.embed(), k);
  }

  addEmbedding(embedding, label) {
    this.#examples.set(label, [...(this.#examples.get(label) ?? []), embedding.slice()]);
  }

  predictEmbedding(embedding) {
    if (this.#examples.size === 0) throw new WasmError('bad-argument', 'There are no examples yet: add some first.');
    const distance = (other) => Math.hypot(...other.map((value, index) => value - embedding[index]));
    const best = [...this.#examples].map(([, list]) => Math.min(...list.map(distance)));
    const classIndex = best.indexOf(Math.min(...best));
    return { classIndex, label: this.labels()[classIndex], confidences: best.map((_, index) => (index === classIndex ? 1 : 0)) };
  }

  clear(label) {
    if (!this.#examples.delete(label)) throw new WasmError('bad-argument', `there is no class "${label}"`);
  }

  clearAll() {
    this.#examples.clear();
  }

  labels() {
    return [...this.#examples.keys()];
  }

  counts() {
    return [...this.#examples.values()].map((list) => list.length);
  }

  delete() {
    this.module.live--;
  }
}

/** A module double. `module.classifiers` lists what was made of it. */
export function makeFakeModule({ classCount = 4 } = {}) {
  const module = {
    classCount,
    live: 0,
    classifiers: [],
    heapBytes: () => 1 << 20,
    liveClassifierCount: () => module.live,
    Classifier: function (threadCount) {
      const classifier = new FakeClassifier(module, threadCount);
      module.classifiers.push(classifier);
      return classifier;
    },
  };
  return module;
}
