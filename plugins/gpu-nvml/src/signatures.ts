// Handles go as numbers and structures as plain memory: names of types would be shared by the whole process.
const HANDLE = 'uint64';
const OUT = 'void *';
const UINT = 'uint32';

/** The functions of NVML that are called, and their parameters. */
export const SIGNATURES = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlDeviceGetCount_v2: [OUT],
  nvmlDeviceGetHandleByIndex_v2: [UINT, OUT],
  nvmlDeviceGetUUID: [HANDLE, OUT, UINT],
  nvmlDeviceGetName: [HANDLE, OUT, UINT],
  nvmlDeviceGetMemoryInfo: [HANDLE, OUT],
  nvmlDeviceGetUtilizationRates: [HANDLE, OUT],
  nvmlDeviceGetTemperature: [HANDLE, UINT, OUT],
  nvmlDeviceGetPowerUsage: [HANDLE, OUT],
  nvmlDeviceGetTotalEccErrors: [HANDLE, UINT, UINT, OUT],
  nvmlDeviceGetComputeRunningProcesses_v3: [HANDLE, OUT, OUT],
  nvmlDeviceGetComputeRunningProcesses_v2: [HANDLE, OUT, OUT],
  nvmlDeviceGetComputeRunningProcesses: [HANDLE, OUT, OUT],
  nvmlDeviceGetGraphicsRunningProcesses_v3: [HANDLE, OUT, OUT],
  nvmlDeviceGetGraphicsRunningProcesses_v2: [HANDLE, OUT, OUT],
  nvmlDeviceGetGraphicsRunningProcesses: [HANDLE, OUT, OUT],
  nvmlDeviceGetMigMode: [HANDLE, OUT, OUT],
  nvmlDeviceGetMaxMigDeviceCount: [HANDLE, OUT],
  nvmlDeviceGetMigDeviceHandleByIndex: [HANDLE, UINT, OUT],
  nvmlEventSetCreate: [OUT],
  nvmlDeviceRegisterEvents: [HANDLE, 'uint64', HANDLE],
  nvmlEventSetWait_v2: [HANDLE, OUT, UINT],
  nvmlEventSetFree: [HANDLE],
} as const;

export type FunctionName = keyof typeof SIGNATURES;

/** Without these there is nothing to tell; all others are optional readings. */
export const REQUIRED: readonly FunctionName[] = [
  'nvmlInit_v2',
  'nvmlShutdown',
  'nvmlDeviceGetCount_v2',
  'nvmlDeviceGetHandleByIndex_v2',
  'nvmlDeviceGetUUID',
  'nvmlDeviceGetName',
  'nvmlDeviceGetMemoryInfo',
];
