// A test double of the WebAssembly module (web/src/worker/wasm-module.ts) for Node tests of the TypeScript code around it. Its
// "embedding" is the mean colour of the frame. Browser tests use the real module.

/** Returns a value as a line of JSON. */
const toBytes = (value) => new TextEncoder().encode(`${JSON.stringify(value)}\n`);

class WasmError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

class FakeClassifier {
  runCount = 0;
  #examples = []; // {id, label, embedding}
  #labels = [];
  #disabled = new Set();
  #nextId = 0;
  #undo = [];
  #part = new Uint8Array();
  #pieces = [];
  #frame = null;
  #embedding = null;

  constructor(module, threadCount) {
    this.module = module;
    this.threadCount = threadCount;
    module.live++;
  }

  modelBuffer(byteLength) {
    return (this.model = new Uint8Array(byteLength));
  }

  loadModel(preprocess, _precision, layers) {
    this.preprocess = preprocess;
    if (new TextDecoder().decode(this.model).includes('damaged'))
      throw new WasmError('bad-model', 'The model is damaged at byte 7.');
    return {
      inputWidth: 8,
      inputHeight: 6,
      inputType: 'uint8',
      rangeLow: Number.isNaN(preprocess.rangeLow) ? -1 : preprocess.rangeLow,
      rangeHigh: Number.isNaN(preprocess.rangeHigh) ? 1 : preprocess.rangeHigh,
      rangeSource: Number.isNaN(preprocess.rangeLow) ? 'assumed' : 'given',
      inputChannels: 3,
      embeddingSize: 3,
      embeddingLayer: 'pool',
      embeddingReason: 'what the classifier of 1 layer reads',
      outputs: ['scores'],
      outputIndex: 0,
      warnings: [],
      layers: layers === 'last' ? 'last' : 'two',
      middleLayerSize: 1,
      classCount: this.module.classCount,
      name: '',
      labelsFile: '',
      precision: 'uint8',
      weightBytes: 12,
      multiplyAdds: 34,
      operators: { Conv2d: 1 },
    };
  }

  useSpace(halves) {
    if (halves.length % 2 !== 0) throw new WasmError('bad-model', `the space has ${halves.length} bytes`);
    this.space = halves.slice();
  }

  frameBuffer(width, height) {
    this.#frame = new Uint8Array(width * height * 4);
    this.#embedding = null;
    return this.#frame;
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

  logits() {
    return new Float32Array(this.module.classCount);
  }

  observe({
    teaches,
    label,
    alsoMirrored,
    predicts,
    predictsOnlyWhenTaught,
    options,
    topk,
    embedding: wantsEmbedding,
    map,
  }) {
    const embedding = this.embed();
    const exampleId = teaches ? this.addEmbedding(embedding, label) : undefined;
    // The mean colour of the mirrored frame is the same.
    if (teaches && alsoMirrored) this.addEmbedding(embedding, label);
    const mayVote = this.#examples.some((each) => !this.#disabled.has(each.label));
    const prediction =
      predicts && (mayVote || !predictsOnlyWhenTaught) ? this.predictEmbedding(embedding, options) : null;
    return {
      networkMs: 0,
      preprocessMs: 0,
      exampleId,
      exampleCount: this.#examples.filter((each) => each.label === label).length,
      prediction,
      labels: prediction ? this.labels() : [],
      classes: topk > 0 ? this.#classify(topk) : [],
      embedding: wantsEmbedding ? embedding : undefined,
      mapPoint: map ? this.mapPoint(embedding) : undefined,
    };
  }

  #classify(topk) {
    if (this.module.classCount === 0) throw new WasmError('bad-argument', 'This model has no classes.');
    const all = Array.from({ length: this.module.classCount }, (_, classIndex) => ({
      classIndex,
      probability: 1 / this.module.classCount,
    }));
    return all.slice(0, topk);
  }

  addEmbedding(embedding, label) {
    this.#undo.push(structuredClone([this.#examples, this.#labels]));
    this.addClass(label);
    this.#examples.push({ id: this.#nextId, label, embedding: embedding.slice() });
    return this.#nextId++;
  }

  addEmbeddings(embeddings, dimension, labels) {
    if (embeddings.length !== dimension * labels.length)
      throw new WasmError('bad-argument', 'the batch has another number of labels');
    return labels.map((label, index) =>
      this.addEmbedding(embeddings.slice(index * dimension, (index + 1) * dimension), label),
    );
  }

  predictEmbedding(embedding, options) {
    this.lastOptions = options;
    const distance = (other) => Math.hypot(...other.map((value, index) => value - embedding[index]));
    const ranked = this.#examples
      .filter(({ label }) => !this.#disabled.has(label))
      .map(({ id, label, embedding: other }) => ({
        id,
        classIndex: this.#labels.indexOf(label),
        similarity: 1 - distance(other) / 1000,
      }))
      .sort((a, b) => b.similarity - a.similarity);
    if (ranked.length === 0) throw new WasmError('bad-argument', 'There are no examples yet: add some first.');
    const { classIndex, similarity } = ranked[0];
    return {
      classIndex,
      label: this.#labels[classIndex],
      unknown: similarity < options.unknownThreshold,
      confidences: this.#labels.map((_, index) => (index === classIndex ? 1 : 0)),
      neighbours: ranked.slice(0, options.k),
    };
  }

  predictEmbeddings(embeddings, dimension, options) {
    return Array.from({ length: embeddings.length / dimension }, (_, index) =>
      this.predictEmbedding(embeddings.slice(index * dimension, (index + 1) * dimension), options),
    );
  }

  #at(id) {
    const example = this.#examples.find((each) => each.id === id);
    if (!example) throw new WasmError('bad-argument', `there is no example ${id}`);
    return example;
  }

  #class(label) {
    if (!this.#labels.includes(label)) throw new WasmError('bad-argument', `there is no class "${label}"`);
    return label;
  }

  removeExample(id) {
    this.#undo.push(structuredClone([this.#examples, this.#labels]));
    this.#examples.splice(this.#examples.indexOf(this.#at(id)), 1);
  }

  moveExample(id, label) {
    this.addClass(label);
    this.#at(id).label = label;
  }

  undo() {
    const before = this.#undo.pop();
    if (before) [this.#examples, this.#labels] = before;
    return before !== undefined;
  }

  addClass(label) {
    if (!this.#labels.includes(label)) this.#labels.push(label);
  }

  renameClass(label, newLabel) {
    this.#labels[this.#labels.indexOf(this.#class(label))] = newLabel;
    for (const example of this.#examples) if (example.label === label) example.label = newLabel;
  }

  mergeClasses(from, into) {
    this.#class(into);
    for (const example of this.#examples) if (example.label === from) example.label = into;
    this.#labels.splice(this.#labels.indexOf(this.#class(from)), 1);
  }

  enableClass(label, enabled) {
    if (enabled) this.#disabled.delete(this.#class(label));
    else this.#disabled.add(this.#class(label));
  }

  classEnabled(classIndex) {
    return !this.#disabled.has(this.#labels[classIndex]);
  }

  exampleIds(label) {
    return this.#examples.filter((each) => each.label === this.#class(label)).map(({ id }) => id);
  }

  exampleEmbedding(id) {
    return this.#at(id).embedding.slice();
  }

  review() {
    return {
      tested: 4,
      correct: 3,
      temperature: 0.1,
      prior: 0.5,
      sharpness: 1.2,
      predictions: [1, 0, 1],
      mostConfusable: { classA: 0, classB: 1, confusions: 1 },
      duplicates: [{ id: 2, of: 0, similarity: 1 }],
      outliers: [{ id: 1, classIndex: 0, suggestedClass: 1, confidence: 1 }],
    };
  }

  // The first two values of the embedding are the place.
  map() {
    this.hasMap = this.#examples.length > 0;
    return {
      ids: this.#examples.map(({ id }) => id),
      points: Float32Array.from(this.#examples.flatMap(({ embedding }) => [embedding[0], embedding[1]])),
      explained: Float32Array.of(0.75, 0.25),
    };
  }

  mapPoint(embedding) {
    return this.hasMap ? embedding.slice(0, 2) : null;
  }

  useStorage(storage) {
    if (!['f32', 'i16', 'i8'].includes(storage)) throw new WasmError('bad-argument', `storage: got '${storage}'`);
    this.keptAs = storage;
  }

  storage() {
    return this.keptAs ?? 'f32';
  }

  takeExamples(other) {
    const first = this.#nextId;
    [this.#examples, this.#labels, this.#disabled, this.#nextId, this.#undo] = [
      other.#examples,
      other.#labels,
      other.#disabled,
      first + other.#nextId,
      [],
    ];
    for (const example of this.#examples) example.id += first;
    [other.#examples, other.#labels, other.#disabled] = [[], [], new Set()];
  }

  exampleBytes() {
    return this.#examples.length * 12;
  }

  startSave(modelId, sha256, preprocessing) {
    this.saving = true;
    const state = {
      modelId,
      sha256,
      preprocessing,
      labels: this.#labels,
      examples: this.#examples.map((each) => ({ ...each, embedding: [...each.embedding] })),
    };
    const bytes = toBytes(state);
    const half = bytes.byteLength >> 1;
    this.#pieces = [bytes.slice(0, half), bytes.slice(half), new Uint8Array()];
  }

  planThumbnail(id) {
    if (!this.#examples.some((each) => each.id === id)) throw new WasmError('bad-argument', `no example ${id}`);
  }

  nextSaved() {
    if (!this.saving) throw new WasmError('bad-argument', 'no save is under way');
    return this.#pieces.shift();
  }

  savedThumbnail(id, byteLength) {
    if (this.#part.length !== byteLength) throw new Error('The fake module takes whole thumbnails only.');
    return toBytes({ id, bytes: [...this.#part] });
  }

  endSave() {
    this.saving = false;
    return toBytes('end');
  }

  cancelSave() {
    this.saving = false;
  }

  startLoad(modelId, sha256) {
    this.loading = true;
    this.expected = { modelId, sha256 };
    this.#pieces = [];
  }

  pieceBuffer(byteLength) {
    this.#part = new Uint8Array(byteLength);
    return this.#part;
  }

  loadPiece() {
    this.#pieces.push(this.#part);
    const lines = Buffer.concat(this.#pieces).toString().split('\n');
    if (lines.at(-2) !== '"end"') return [];
    return lines.slice(1, -2).map((line) => {
      const { id, bytes } = JSON.parse(line);
      return { id, bytes: Uint8Array.from(bytes) };
    });
  }

  cancelLoad() {
    this.loading = false;
  }

  finishLoad() {
    let state;
    try {
      state = JSON.parse(Buffer.concat(this.#pieces).toString().split('\n')[0]);
    } catch {
      throw new WasmError('bad-dataset', 'the data set is damaged');
    }
    if (state.modelId !== this.expected.modelId)
      throw new WasmError('bad-dataset', `made with '${state.modelId}', not '${this.expected.modelId}'`);
    this.#labels = state.labels;
    this.#examples = state.examples.map((each) => ({ ...each, embedding: Float32Array.from(each.embedding) }));
    this.#nextId = Math.max(this.#nextId - 1, ...this.#examples.map(({ id }) => id)) + 1;
    this.loading = false;
  }

  clear(label) {
    this.#labels.splice(this.#labels.indexOf(this.#class(label)), 1);
    this.#examples = this.#examples.filter((each) => each.label !== label);
  }

  clearAll() {
    this.#examples = [];
    this.#labels = [];
    this.#disabled.clear();
  }

  labels() {
    return [...this.#labels];
  }

  counts() {
    return this.#labels.map((label) => this.#examples.filter((each) => each.label === label).length);
  }

  delete() {
    this.deleted = true;
    this.module.live--;
  }
}

/** Makes a test double of the module. `module.classifiers` lists the classifiers that it made. */
export function makeFakeModule({ classCount = 4 } = {}) {
  const module = {
    classCount,
    live: 0,
    classifiers: [],
    heapBytes: () => 1 << 20,
    usedBytes: () => 1 << 19,
    liveClassifierCount: () => module.live,
    Classifier: class extends FakeClassifier {
      constructor(threadCount) {
        super(module, threadCount);
        module.classifiers.push(this);
      }
    },
  };
  return module;
}
