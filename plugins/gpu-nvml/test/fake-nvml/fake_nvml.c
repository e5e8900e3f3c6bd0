// Plays the NVML library of the NVIDIA driver, as far as the probe calls it.
//
// What it plays stands in a text file beside the library, named like it with ".control" at the end: lines of
// "key value", read again whenever the file is replaced. Keys:
//   devices 2               GPUs
//   0.uuid, 0.name          of GPU 0; a slice is 0/1, for instance 0/1.uuid
//   0.total, 0.used         bytes
//   0.util 0.temp 0.power 0.ecc   percent, degrees, milliwatts, errors; without the key: not supported
//   0.compute, 0.graphics   processes as pid:bytes,pid:bytes ("?" for bytes that are not known)
//   0.slices 2              MIG mode is on, with that many slices
//   events 0:79,1:31        devices and their Xids, in the order in which they happened
//   fail.<function> 999     that function fails with this code; fail.<function>.0 for GPU 0 alone
//   fail 9                  every function but nvmlShutdown fails
//   hang <function>         that function waits until the key is gone
//
// -DOLD_DRIVER leaves out what drivers of 2019 did not have: MIG, events of the second version, newer process lists.
// -DNO_COUNT leaves out a function that every NVML has.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int nvmlReturn_t;
typedef void *nvmlDevice_t;
typedef void *nvmlEventSet_t;
typedef unsigned long long ull;
typedef struct { ull total, free, used; } nvmlMemory_t;
typedef struct { unsigned gpu, memory; } nvmlUtilization_t;
typedef struct { unsigned pid; ull usedGpuMemory; } nvmlProcessInfo_v1_t;
typedef struct { unsigned pid; ull usedGpuMemory; unsigned gpuInstanceId, computeInstanceId; } nvmlProcessInfo_t;
typedef struct {
  nvmlDevice_t device;
  ull eventType, eventData;
  unsigned gpuInstanceId, computeInstanceId;
} nvmlEventData_t;

enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, TIMEOUT = 10 };
enum { MOST_TEXT = 1 << 16, MOST_KEY = 96, MOST_VALUE = 4096, SLICES = 16, HANG_STEP_US = 1000, MOST_HANG_STEPS = 30000 };
#define XID_CRITICAL 8ULL
#define UNKNOWN_BYTES (~0ULL)
#define GIBIBYTE (1ULL << 30)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char text[MOST_TEXT] = "\n";
static struct stat seen;
static int opened, open_sets, hanging;
static unsigned long calls;

// ---- the control file

static void control_path(char *path, size_t size) {
  Dl_info info;
  dladdr((void *)&control_path, &info);
  snprintf(path, size, "%s.control", info.dli_fname);
}

// Called at the door of each function, and while one hangs.
static void refresh(void) {
  char path[4096];
  struct stat now;
  control_path(path, sizeof path);
  if (stat(path, &now) != 0) return;
  if (now.st_ino == seen.st_ino && now.st_mtim.tv_sec == seen.st_mtim.tv_sec && now.st_size == seen.st_size) return;
  FILE *file = fopen(path, "r");
  if (!file) return;
  size_t length = fread(text + 1, 1, MOST_TEXT - 2, file);
  fclose(file);
  text[length + 1] = 0;
  seen = now;
}

// Copies the value of a key; 0 when the file does not have it.
static int value_of(const char *key, char *value, size_t size) {
  char wanted[MOST_KEY];
  int length = snprintf(wanted, sizeof wanted, "\n%s ", key);
  pthread_mutex_lock(&lock);
  char *at = strstr(text, wanted);
  if (at) snprintf(value, size, "%.*s", (int)strcspn(at + length, "\n"), at + length);
  pthread_mutex_unlock(&lock);
  return at != NULL;
}

static ull number_of(const char *key, ull otherwise) {
  char value[64];
  return value_of(key, value, sizeof value) ? strtoull(value, NULL, 10) : otherwise;
}

// ---- handles: GPU 2 is 0x1200, its first slice 0x1201

static nvmlDevice_t handle_of(unsigned gpu, unsigned slice) {
  return (nvmlDevice_t)(size_t)(0x1000 + gpu * 0x100 + slice);
}
static unsigned gpu_of(nvmlDevice_t device) { return (((size_t)device) >> 8) - 0x10; }
static unsigned slice_of(nvmlDevice_t device) { return ((size_t)device) & 0xff; }

static void key_of(nvmlDevice_t device, const char *what, char *key) {
  if (slice_of(device)) snprintf(key, MOST_KEY, "%u/%u.%s", gpu_of(device), slice_of(device) - 1, what);
  else snprintf(key, MOST_KEY, "%u.%s", gpu_of(device), what);
}
static ull fact(nvmlDevice_t device, const char *what, ull otherwise) {
  char key[MOST_KEY];
  key_of(device, what, key);
  return number_of(key, otherwise);
}

// ---- what happens at the door of each function

static int is_hung(const char *function) {
  char value[MOST_KEY];
  pthread_mutex_lock(&lock);
  refresh();
  pthread_mutex_unlock(&lock);
  return value_of("hang", value, sizeof value) && strcmp(value, function) == 0;
}

// Bounded, so that a test that forgets to go on ends by itself.
static void wait_while_hung(const char *function) {
  if (!is_hung(function)) return;
  __atomic_add_fetch(&hanging, 1, __ATOMIC_SEQ_CST);
  for (int step = 0; step < MOST_HANG_STEPS && is_hung(function); step++) usleep(HANG_STEP_US);
  __atomic_sub_fetch(&hanging, 1, __ATOMIC_SEQ_CST);
}

static nvmlReturn_t planned_failure(const char *function, nvmlDevice_t device) {
  char key[MOST_KEY];
  ull code = number_of("fail", OK);
  snprintf(key, sizeof key, "fail.%s", function);
  if (code == OK) code = number_of(key, OK);
  if (code != OK || !device) return code;
  if (slice_of(device)) snprintf(key, sizeof key, "fail.%s.%u/%u", function, gpu_of(device), slice_of(device) - 1);
  else snprintf(key, sizeof key, "fail.%s.%u", function, gpu_of(device));
  return number_of(key, OK);
}

static nvmlReturn_t enter(const char *function, nvmlDevice_t device) {
  __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
  wait_while_hung(function);
  nvmlReturn_t code = planned_failure(function, device);
  if (code != OK) return code;
  return __atomic_load_n(&opened, __ATOMIC_SEQ_CST) > 0 ? OK : UNINITIALIZED;
}
#define ENTER(device)                                     \
  do {                                                    \
    nvmlReturn_t entered = enter(__func__, device);       \
    if (entered != OK) return entered;                    \
  } while (0)

// ---- what a test may ask

int fake_opened(void) { return __atomic_load_n(&opened, __ATOMIC_SEQ_CST); }
int fake_open_sets(void) { return __atomic_load_n(&open_sets, __ATOMIC_SEQ_CST); }
int fake_hanging(void) { return __atomic_load_n(&hanging, __ATOMIC_SEQ_CST); }
unsigned fake_calls(void) { return (unsigned)__atomic_load_n(&calls, __ATOMIC_RELAXED); }

// ---- NVML

nvmlReturn_t nvmlInit_v2(void) {
  wait_while_hung(__func__);
  nvmlReturn_t code = planned_failure(__func__, NULL);
  if (code == OK) __atomic_add_fetch(&opened, 1, __ATOMIC_SEQ_CST);
  return code;
}

// Works without a driver too: it frees what this process holds.
nvmlReturn_t nvmlShutdown(void) {
  wait_while_hung(__func__);
  if (fake_opened() == 0) return UNINITIALIZED;
  __atomic_sub_fetch(&opened, 1, __ATOMIC_SEQ_CST);
  return OK;
}

#ifndef NO_COUNT
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count) {
  ENTER(NULL);
  *count = number_of("devices", 0);
  return OK;
}
#endif

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device) {
  ENTER(handle_of(index, 0));
  if (index >= number_of("devices", 0)) return INVALID;
  *device = handle_of(index, 0);
  return OK;
}

static nvmlReturn_t copy_text(nvmlDevice_t device, const char *what, const char *prefix, char *out, unsigned size) {
  char key[MOST_KEY], value[MOST_VALUE];
  key_of(device, what, key);
  if (!value_of(key, value, sizeof value)) snprintf(value, sizeof value, "%s%zx", prefix, (size_t)device);
  if (strlen(value) >= size) return TOO_SMALL;
  strcpy(out, value);
  return OK;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned size) {
  ENTER(device);
  return copy_text(device, "uuid", slice_of(device) ? "MIG-" : "GPU-", uuid, size);
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned size) {
  ENTER(device);
  return copy_text(device, "name", "Fake GPU ", name, size);
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  ENTER(device);
  memory->total = fact(device, "total", 24 * GIBIBYTE);
  memory->used = fact(device, "used", GIBIBYTE);
  memory->free = memory->total - memory->used;
  return OK;
}

static nvmlReturn_t small_fact(nvmlDevice_t device, const char *what, unsigned *out) {
  ull value = fact(device, what, UNKNOWN_BYTES);
  if (value == UNKNOWN_BYTES) return NOT_SUPPORTED;
  *out = (unsigned)value;
  return OK;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization) {
  ENTER(device);
  utilization->memory = 1;
  return small_fact(device, "util", &utilization->gpu);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *degrees) {
  ENTER(device);
  return sensor == 0 ? small_fact(device, "temp", degrees) : INVALID;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts) {
  ENTER(device);
  return small_fact(device, "power", milliwatts);
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned type, unsigned counter, ull *errors) {
  ENTER(device);
  if (type != 1 || counter != 0) return INVALID;
  *errors = fact(device, "ecc", UNKNOWN_BYTES);
  return *errors == UNKNOWN_BYTES ? NOT_SUPPORTED : OK;
}

// ---- processes

static unsigned parse_processes(nvmlDevice_t device, const char *what, nvmlProcessInfo_t *found, unsigned most) {
  char key[MOST_KEY], value[MOST_VALUE], *rest;
  key_of(device, what, key);
  if (!value_of(key, value, sizeof value)) return 0;
  unsigned count = 0;
  for (char *item = strtok_r(value, ",", &rest); item && count < most; item = strtok_r(NULL, ",", &rest)) {
    char *bytes = strchr(item, ':') + 1;
    ull used = *bytes == '?' ? UNKNOWN_BYTES : strtoull(bytes, NULL, 10);
    found[count++] = (nvmlProcessInfo_t){(unsigned)atoi(item), used, ~0u, ~0u};
  }
  return count;
}

enum { MOST_PROCESSES = 512 };
#define LIST_PROCESSES(name, what, entry, ...)                               \
  nvmlReturn_t name(nvmlDevice_t device, unsigned *count, entry *infos) {    \
    nvmlProcessInfo_t found[MOST_PROCESSES];                                 \
    ENTER(device);                                                           \
    unsigned room = *count;                                                  \
    *count = parse_processes(device, what, found, MOST_PROCESSES);           \
    if (*count > room) return TOO_SMALL;                                     \
    for (unsigned at = 0; at < *count; at++) infos[at] = (entry)__VA_ARGS__; \
    return OK;                                                               \
  }
#define OLD_ENTRY {found[at].pid, found[at].usedGpuMemory}
#define NEW_ENTRY {found[at].pid, found[at].usedGpuMemory, ~0u, ~0u}

LIST_PROCESSES(nvmlDeviceGetComputeRunningProcesses, "compute", nvmlProcessInfo_v1_t, OLD_ENTRY)
LIST_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses, "graphics", nvmlProcessInfo_v1_t, OLD_ENTRY)

#ifndef OLD_DRIVER
LIST_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, "compute", nvmlProcessInfo_t, NEW_ENTRY)
LIST_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics", nvmlProcessInfo_t, NEW_ENTRY)
LIST_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, "compute", nvmlProcessInfo_t, NEW_ENTRY)
LIST_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics", nvmlProcessInfo_t, NEW_ENTRY)

// ---- slices

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
  ENTER(device);
  ull slices = fact(device, "slices", UNKNOWN_BYTES);
  if (slices == UNKNOWN_BYTES) return NOT_SUPPORTED;
  *current = *pending = 1;
  return OK;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count) {
  ENTER(device);
  *count = 7;
  return OK;
}

// Slices stand at places 0, 2, 4, …: real ones have gaps too.
nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *slice) {
  ENTER(device);
  if (index % 2 == 1 || index / 2 >= fact(device, "slices", 0)) return NOT_FOUND;
  *slice = handle_of(gpu_of(device), index / 2 + 1);
  return OK;
}

// ---- events

static unsigned watched;
static size_t delivered;

nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set) {
  ENTER(NULL);
  *set = (nvmlEventSet_t)(size_t)(0x77000000 + __atomic_add_fetch(&open_sets, 1, __ATOMIC_SEQ_CST));
  return OK;
}

nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set) {
  ENTER(NULL);
  if (!set) return INVALID;
  __atomic_sub_fetch(&open_sets, 1, __ATOMIC_SEQ_CST);
  return OK;
}

nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, ull types, nvmlEventSet_t set) {
  ENTER(device);
  if (!set || types != XID_CRITICAL || slice_of(device)) return INVALID;
  watched |= 1u << gpu_of(device);
  return OK;
}

// Tells each event of the control file once, whatever the set.
nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms) {
  char value[MOST_VALUE], *rest;
  ENTER(NULL);
  if (!set) return INVALID;
  if (!value_of("events", value, sizeof value)) return TIMEOUT;
  size_t at = 0;
  for (char *item = strtok_r(value, ",", &rest); item; item = strtok_r(NULL, ",", &rest), at++) {
    if (at < delivered) continue;
    delivered = at + 1;
    unsigned gpu = (unsigned)atoi(item);
    if (!(watched & (1u << gpu))) continue;
    *data = (nvmlEventData_t){handle_of(gpu, 0), XID_CRITICAL, strtoull(strchr(item, ':') + 1, NULL, 10), ~0u, ~0u};
    return OK;
  }
  (void)timeout_ms;
  return TIMEOUT;
}
#endif
