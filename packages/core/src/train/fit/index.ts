export { fit } from './fit.js';
export type {
  EndOfProgress,
  EpochRecord,
  FitProgress,
  History,
  ImageProgress,
  ImageWork,
  TrainingProgress,
} from './history.js';
export type {
  CheckpointOptions,
  EarlyStopping,
  FeatureOptions,
  FitOptions,
  ResumeDifference,
  ResumeOptions,
  StageOptions,
} from './options.js';
