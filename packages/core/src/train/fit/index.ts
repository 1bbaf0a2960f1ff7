export { fit } from './fit.js';
export type { EndOfProgress, FitProgress, ImageProgress, ImageWork, TrainingProgress } from './fit-progress.js';
export type { EpochRecord, History } from './history.js';
export type {
  CheckpointOptions,
  EarlyStopping,
  FeatureOptions,
  FitOptions,
  ResumeOptions,
  StageOptions,
} from './options.js';
export type { ResumeDifference } from './same-setup.js';
