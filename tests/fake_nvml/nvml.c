/* A stand-in for NVIDIA's libnvidia-ml.so.1: two GPUs that do what a script says.
 *
 * The script is the file named by FAKE_NVML. It is read again at each call, one order in a line:
 *
 *   fail  FUNCTION|* GPU|* CODE   return CODE
 *   hang  FUNCTION   GPU|*        never return
 *   abort FUNCTION   GPU|*        crash
 *   show  GPUS                    how many GPUs there are, or which: 2, or "1" with `from 1`
 *   from  GPU                     the physical GPU that is shown at index 0
 *   blank                         every number is NVIDIA's "not available"
 *   wild                          every number is nonsense
 *   whole                         no GPU is split (MIG is off)
 *   plain                         no performance counters, as before Hopper
 *   count KIB US                  what each link carried (times its number) out, and twice that in, and when
 *   chatter                       print to standard output and error at each call
 *
 * Compiled with -DOLD it has only what is needed to list GPUs. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID = 2, NOT_FOUND = 6, TOO_SMALL = 7 };

typedef struct {
    int code;
    int show, from, blank, wild, whole, plain;
    unsigned long long kibibytes;
    long long at;
} orders;

static int is_meant(const char *wanted, const char *function, const char *gpu, int here)
{
    if (strcmp(wanted, "*") && strcmp(wanted, function))
        return 0;
    return !strcmp(gpu, "*") || (here >= 0 && atoi(gpu) == here);
}

/* Obeys the script for one call; `gpu` is the physical GPU, -1 for none. */
static orders obey(const char *function, int gpu)
{
    orders all = { SUCCESS, 2, 0, 0, 0, 0, 0, 0, 0 };
    const char *path = getenv("FAKE_NVML");
    FILE *script = path ? fopen(path, "r") : NULL;
    char line[256];

    while (script && fgets(line, sizeof line, script)) {
        char order[32] = "", what[128] = "", where[32] = "*";
        int code = 0;
        int words = sscanf(line, "%31s %127s %31s %d", order, what, where, &code);
        if (words < 1)
            continue;
        if (!strcmp(order, "show"))
            all.show = (int)strtoul(what, NULL, 10);
        if (!strcmp(order, "from"))
            all.from = atoi(what);
        if (!strcmp(order, "blank"))
            all.blank = 1;
        if (!strcmp(order, "wild"))
            all.wild = 1;
        if (!strcmp(order, "whole"))
            all.whole = 1;
        if (!strcmp(order, "plain"))
            all.plain = 1;
        if (!strcmp(order, "count")) {
            all.kibibytes = strtoull(what, NULL, 10);
            all.at = atoll(where);
        }
        if (!strcmp(order, "chatter")) {
            printf("\"survey\"\n{\"no_handle\":\"lies\"}\n");
            fflush(stdout);
            fprintf(stderr, "NVRM: noise\n");
        }
        if (!is_meant(what, function, where, gpu))
            continue;
        if (!strcmp(order, "fail"))
            all.code = code;
        if (!strcmp(order, "abort"))
            abort();
        if (!strcmp(order, "hang"))
            for (;;)
                pause();
    }
    if (script)
        fclose(script);
    return all;
}

static unsigned number(const orders *now, unsigned sane)
{
    return now->blank ? 0xffffffffu : now->wild ? 1000000000u : sane;
}

/* Parts of a GPU have handles from 100 up, by tens. */
static int gpu_of(void *device)
{
    size_t handle = (size_t)device;
    return (int)(handle >= 100 ? (handle - 100) / 10 : handle - 1);
}

static int part_of(void *device)
{
    size_t handle = (size_t)device;
    return handle >= 100 ? (int)(handle - 100) % 10 : -1;
}

#define BEGIN(device) \
    orders now = obey(__func__, gpu_of(device)); \
    if (now.code) \
        return now.code

int nvmlInit_v2(void) { return obey(__func__, -1).code; }

int nvmlDeviceGetCount_v2(unsigned *count)
{
    orders now = obey(__func__, -1);
    *count = (unsigned)now.show;
    return now.code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    int from = obey("", -1).from;
    orders now = obey(__func__, from + (int)index);
    if (now.code)
        return now.code;
    if ((int)index >= now.show)
        return INVALID;
    *device = (void *)(size_t)(from + (int)index + 1);
    return SUCCESS;
}

int nvmlDeviceGetUUID(void *device, char *text, unsigned length)
{
    BEGIN(device);
    if (part_of(device) >= 0)
        snprintf(text, length, "MIG-0000000%d-%d-fake", gpu_of(device), part_of(device));
    else
        snprintf(text, length, "GPU-0000000%d-fake", gpu_of(device));
    return SUCCESS;
}

#ifndef OLD

int nvmlShutdown(void) { return obey(__func__, -1).code; }

int nvmlSystemGetDriverVersion(char *text, unsigned length)
{
    orders now = obey(__func__, -1);
    snprintf(text, length, "580.95.05");
    return now.code;
}

int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    orders now = obey(__func__, -1);
    *version = 13000;
    return now.code;
}

int nvmlDeviceGetName(void *device, char *text, unsigned length)
{
    BEGIN(device);
    if (part_of(device) >= 0)
        snprintf(text, length, "Fake GPU MIG 3g.40gb");
    else
        snprintf(text, length, "Fake GPU \033[31m%d", gpu_of(device));
    return SUCCESS;
}

typedef struct {
    char legacy[16];
    unsigned domain, bus, device, model, subsystem;
    char bus_id[32];
} pci;

int nvmlDeviceGetPciInfo_v3(void *device, pci *info)
{
    BEGIN(device);
    memset(info, 0, sizeof *info);
    snprintf(info->bus_id, sizeof info->bus_id, "00000000:%02X:00.0", 0x3a + gpu_of(device));
    return SUCCESS;
}

typedef struct { unsigned gpu, memory; } rates;

int nvmlDeviceGetUtilizationRates(void *device, rates *info)
{
    BEGIN(device);
    info->gpu = number(&now, 40);
    info->memory = number(&now, 0);
    return SUCCESS;
}

typedef struct {
    unsigned version;
    unsigned long long total, reserved, free, used;
} memory;

int nvmlDeviceGetMemoryInfo_v2(void *device, memory *info)
{
    BEGIN(device);
    if (info->version != (sizeof *info | 2u << 24))
        return INVALID;
    info->total = now.blank ? ~0ull : part_of(device) < 0 ? 80ull << 30 : 40ull << 30;
    info->used = part_of(device) >= 0 ? 4ull << 30 : now.blank ? ~0ull : now.wild ? 81ull << 30 : 20ull << 30;
    return SUCCESS;
}

#define ONE_NUMBER(name, sane) \
    int name(void *device, unsigned *value) \
    { \
        BEGIN(device); \
        *value = number(&now, sane); \
        return SUCCESS; \
    }

#define ONE_NUMBER_OF(name, sane) \
    int name(void *device, unsigned which, unsigned *value) \
    { \
        BEGIN(device); \
        *value = number(&now, (sane) + which); \
        return SUCCESS; \
    }

#define TWO_NUMBERS(name, sane) \
    int name(void *device, unsigned *value, unsigned *other) \
    { \
        BEGIN(device); \
        *value = number(&now, sane); \
        *other = 0; \
        return SUCCESS; \
    }

ONE_NUMBER_OF(nvmlDeviceGetTemperature, 61)
ONE_NUMBER_OF(nvmlDeviceGetTemperatureThreshold, 90)
ONE_NUMBER(nvmlDeviceGetPowerUsage, 250500)
ONE_NUMBER(nvmlDeviceGetEnforcedPowerLimit, 700000)
ONE_NUMBER_OF(nvmlDeviceGetClockInfo, 1500)
ONE_NUMBER_OF(nvmlDeviceGetFanSpeed_v2, 35)
ONE_NUMBER_OF(nvmlDeviceGetMaxClockInfo, 1980)
ONE_NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, 4)
ONE_NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, 5)
ONE_NUMBER(nvmlDeviceGetCurrPcieLinkWidth, 8)
ONE_NUMBER(nvmlDeviceGetMaxPcieLinkWidth, 16)
ONE_NUMBER_OF(nvmlDeviceGetPcieThroughput, 2000)
ONE_NUMBER(nvmlDeviceGetMaxMigDeviceCount, 7)
TWO_NUMBERS(nvmlDeviceGetEncoderUtilization, 5)
TWO_NUMBERS(nvmlDeviceGetDecoderUtilization, 6)

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *bits)
{
    BEGIN(device);
    *bits = 0x5;
    return SUCCESS;
}

int nvmlDeviceGetMigMode(void *device, unsigned *now_on, unsigned *later)
{
    BEGIN(device);
    *now_on = number(&now, now.whole ? 0 : 1);
    *later = 0;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned index, void **part)
{
    BEGIN(device);
    if (index >= 2)
        return NOT_FOUND;
    *part = (void *)(size_t)(100 + 10 * gpu_of(device) + (int)index);
    return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules)
{
    BEGIN(device);
    *millijoules = now.blank ? ~0ull : 7200500;
    return SUCCESS;
}

typedef struct { unsigned long long total, free, used; } bar1;

int nvmlDeviceGetBAR1MemoryInfo(void *device, bar1 *info)
{
    BEGIN(device);
    info->total = now.blank ? ~0ull : 128ull << 30;
    info->used = now.blank ? ~0ull : 1ull << 30;
    return SUCCESS;
}

int nvmlDeviceGetNvLinkState(void *device, unsigned link, unsigned *up)
{
    BEGIN(device);
    if (link >= 4)
        return INVALID;
    *up = link != 2;
    return SUCCESS;
}

typedef struct {
    unsigned field, scope;
    long long at, latency;
    unsigned type;
    int code;
    union { double real; unsigned small; unsigned long long large; } value;
} field;

int nvmlDeviceGetFieldValues(void *device, int count, field *fields)
{
    BEGIN(device);
    for (int i = 0; i < count; i++) {
        field *one = fields + i;
        int is_link = (one->field == 138 || one->field == 139) && now.kibibytes;
        one->code = one->field == 82 || (is_link && one->scope < 4 && one->scope != 2) ? SUCCESS : 3;
        one->type = is_link ? 3 : 1;
        one->at = now.at;
        if (is_link)
            one->value.large = now.blank ? ~0ull : now.wild ? 1ull << 60
                : now.kibibytes * (one->scope + 1) * (one->field - 137);
        else
            one->value.small = number(&now, 84);
    }
    return SUCCESS;
}

typedef struct { unsigned version, supported; } support;

int nvmlGpmQueryDeviceSupport(void *device, support *told)
{
    BEGIN(device);
    told->supported = !now.plain;
    return SUCCESS;
}

int nvmlGpmSampleAlloc(void **sample)
{
    orders now = obey(__func__, -1);
    *sample = calloc(1, sizeof(int));
    return now.code;
}

int nvmlGpmSampleFree(void *sample)
{
    free(sample);
    return SUCCESS;
}

int nvmlGpmSampleGet(void *device, int *sample)
{
    BEGIN(device);
    *sample = gpu_of(device) + 1;
    return SUCCESS;
}

typedef struct {
    unsigned id;
    int code;
    double value;
    char *name, *long_name, *unit;
} metric;

typedef struct {
    unsigned version, count;
    int *before, *after;
    metric metrics[210];
} question;

int nvmlGpmMetricsGet(question *asked)
{
    static char percent[] = "%", rate[] = "MiB/s";
    orders now = obey(__func__, *asked->after - 1);
    if (now.code)
        return now.code;
    /* Samples of two GPUs say nothing of either. */
    if (asked->version != 1 || *asked->before != *asked->after)
        return INVALID;
    for (unsigned i = 0; i < asked->count; i++) {
        metric *one = asked->metrics + i;
        one->code = SUCCESS;
        one->unit = one->id < 20 ? percent : rate;
        one->value = now.blank ? 2147483632.0 : now.wild ? 1e15 : (double)one->id + 0.5;
    }
    return SUCCESS;
}

int nvmlDeviceGetTotalEccErrors(void *device, int kind, int counter, unsigned long long *count)
{
    BEGIN(device);
    (void)counter;
    *count = now.blank ? ~0ull : kind ? 3 : 12;
    return SUCCESS;
}

typedef struct {
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance, compute_instance;
} process;

static int list(void *device, const char *function, unsigned *count, process *rows)
{
    orders now = obey(function, gpu_of(device));
    if (now.code)
        return now.code;
    if (*count < 1 || !rows) {
        *count = 1;
        return TOO_SMALL;
    }
    *count = 1;
    rows[0] = (process){ (unsigned)getppid(), now.blank ? ~0ull : 1ull << 30, ~0u, ~0u };
    return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, process *rows)
{
    return list(device, __func__, count, rows);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *count, process *rows)
{
    return list(device, __func__, count, rows);
}

typedef struct {
    unsigned pid;
    unsigned long long at;
    unsigned sm, memory, encoder, decoder;
} sample;

int nvmlDeviceGetProcessUtilization(void *device, sample *rows, unsigned *count,
                                    unsigned long long since)
{
    BEGIN(device);
    if (since >= 1000)
        return NOT_FOUND;
    if (!rows) {
        *count = 1;
        return TOO_SMALL;
    }
    *count = 1;
    rows[0] = (sample){ (unsigned)getppid(), 1000, number(&now, 30), 0, 0, 0 };
    return SUCCESS;
}

#endif
