// The public names, nothing else.

export { load } from './client.js';
export type { Classifier, LoadOptions, ModelSource, Observation, ObserveOptions, Prediction } from './client.js';
export { ClassifierError, errorCodes } from './errors.js';
export type { ErrorCode } from './errors.js';
export type { ImageInput, RgbaImage } from './image.js';
export type { ClassScore, Info, ModelEntry, ModelFile, ModelInfo, Neighbour, Precision, PredictOptions, Preprocess, Progress, Review, Storage, Thumbnail, Timings, Variant } from './protocol.js';
export { chooseVariant, detectFeatures } from './variant.js';
export type { Choice, Features, Wanted } from './variant.js';
