// Computes one step of a basic adversarial autoencoder again from its inputs, and compares every updated weight with the run's, bit for bit;
// it also compares gradients, losses and what was drawn, and, given the checkpoint after the step, momenta and exponents.
//
// It is written from deploy/arithmetic.md alone and needs nothing but a C compiler and its library:
//
//     cc -O2 -ffp-contract=off -o bits bits.c -lm          (-mfma makes it faster, and changes nothing)
//     lockstep replay RUN --step N --out step.safetensors
//     bits BEFORE step.safetensors [AFTER]
//
// BEFORE and AFTER are the state.safetensors of the checkpoints of steps N - 1 and N. Of a run's first step BEFORE is a -, and its weights are
// drawn here. It ends with 1 where a bit differs. The run has --engine portable, SGD, any of the costs, and codes under a Gaussian prior.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 8, SHARDS = 64, LANES = 16, NONE = INT32_MIN };

static void stop(const char *what, const char *name) { fprintf(stderr, "bits: %s%s\n", what, name); exit(2); }
static void *room(size_t bytes) { void *p = calloc(bytes + 1, 1); if (!p) stop("no memory", ""); return p; }
static float *floats(size_t count) { return room(count * sizeof(float)); }
static char *join(const char *a, const char *b, const char *c) { return strcat(strcat(strcpy(room(strlen(a) + strlen(b) + strlen(c)), a), b), c); }

// Safetensors: the length of a JSON header (8 bytes), the header, the values. The recipe is a text in the header, each line behind \n.
typedef struct { char *header, *values; } file;
static file before, step, after;

static file load(const char *path) {
    FILE *f = fopen(path, "rb");
    uint64_t length = 0;
    size_t size = f && fread(&length, 8, 1, f) == 1 && fseek(f, 0, SEEK_END) == 0 ? (size_t)ftell(f) - 8 : 0;
    if (size < length || length == 0 || fseek(f, 8, SEEK_SET)) stop("cannot read ", path);
    char *all = room(size), *header = room(length);
    if (fread(all, 1, size, f) != size) stop("cannot read ", path);
    fclose(f);
    memcpy(header, all, length);
    return (file){header, all + length};
}
static const char *behind(const char *header, const char *section, const char *key) {
    const char *s = strstr(header, section), *value = s ? strstr(s, key) : NULL;
    if (!value) stop("there is no ", section);
    return value + strlen(key);
}
static void *get(file f, const char *name) { return f.values + atoll(behind(f.header, join("\"", name, "\":{"), "\"data_offsets\":[")); }
static int says(const char *words) { return strstr(step.header, words) != NULL; }
static double number(const char *section, const char *key) { return strtod(behind(step.header, section, key), NULL); }

static size_t differences, weights, tensors;
static void compare(const char *phase, const void *mine, file f, const char *name, size_t count, size_t bytes) {
    const char *a = mine, *b = get(f, name);
    size_t wrong = 0, place = 0;
    for (size_t i = count; i-- > 0;)
        if (memcmp(a + i * bytes, b + i * bytes, bytes)) wrong++, place = i;
    if (wrong) printf("%s: %zu of %zu differ in %s, the first at %zu\n", phase, wrong, count, name, place);
    differences += wrong;
}

// Elementary functions.
static float exponential(float x) {
    if (x < -0x1.5d589ep+6f) return 0;
    if (x > 0x1.62e42ep+6f) return INFINITY;
    const float c[] = {0x1.6e879cp-10f, 0x1.11121p-7f, 0x1.555382p-5f, 0x1.555554p-3f, 0x1p-1f};
    float k = (x * 0x1.715476p+0f + 0x1.8p+23f) - 0x1.8p+23f, r = x - k * 0x1.63p-1f - k * -0x1.bd0106p-13f, p = 0x1.a0d2cep-13f;
    for (int i = 0; i < 5; i++) p = p * r + c[i];
    int half = (int)floorf(k / 2);
    return (p * (r * r) + r + 1) * ldexpf(1, half) * ldexpf(1, (int)k - half);
}
static float logarithm(float x) {
    const float c[] = {-0x1.d7a37p-4f, 0x1.de4a34p-4f, -0x1.fcba9ep-4f, 0x1.23d37ep-3f,
                       -0x1.555cap-3f, 0x1.999d58p-3f, -0x1.fffff8p-3f, 0x1.555554p-2f};
    int e;
    float m = frexpf(x, &e);
    if (m < 0x1.6a09e6p-1f) m = m + m, e--;
    float f = m - 1, z = f * f, p = 0x1.204376p-4f;
    for (int i = 0; i < 8; i++) p = p * f + c[i];
    float y = p * f * z + (float)e * -0x1.bd0106p-13f;
    y = y - 0.5f * z;
    return (f + y) + (float)e * 0x1.63p-1f;
}
static float sigmoid(float x) { float v = exponential(-fabsf(x)); return (x < 0 ? v : 1) / (1 + v); }
static float softplus(float x) {
    float v = exponential(-fabsf(x)), u = 1 + v;
    return (x > 0 ? x : 0) + (logarithm(u) + (v - (u - 1)) / u);
}

// Random numbers.
static void philox(uint32_t c[4]) {
    uint64_t seed = strtoull(behind(step.header, "nseed: ", "seed: "), NULL, 10);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        uint64_t a = (uint64_t)c[0] * 0xD2511F53u, b = (uint64_t)c[2] * 0xCD9E8D57u;
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a};
        memcpy(c, next, sizeof next);
    }
}
static float normal(uint32_t purpose, uint64_t t, uint32_t row, uint32_t element, float std) {
    uint32_t w[4] = {element / 4, row, (uint32_t)t, purpose << 16 | (uint32_t)(t >> 32)}, *pair = w + element % 4 / 2 * 2;
    philox(w);
    float radius = std * sqrtf(-2 * logarithm(((float)(pair[0] >> 9) + 0.5f) * 0x1p-23f));
    uint32_t q = (pair[1] + 0x20000000u) >> 30;
    float r = (float)(int32_t)(pair[1] - (q << 30)) * 0x1.921fb6p-30f, z = r * r;
    float s = z * -0x1.9943f2p-13f + 0x1.11073cp-7f, c = z * 0x1.99eb9cp-16f - 0x1.6c0c34p-10f;
    s = (s * z - 0x1.555546p-3f) * z * r + r;
    c = (c * z + 0x1.55554ap-5f) * (z * z) - 0.5f * z + 1;
    float cosine = q % 2 ? s : c, sine = q % 2 ? c : s;
    if (q == 1 || q == 2) cosine = -cosine;
    if (q >= 2) sine = -sine;
    return (element % 2 ? sine : cosine) * radius;
}
static void draw(float *out, int rows, int columns, uint32_t purpose, uint64_t t, float std) {
    for (int i = 0; i < rows * columns; i++) out[i] = normal(purpose, t, (uint32_t)(i / columns), (uint32_t)(i % columns), std);
}

// out (m, n): each output is one chain over k. In a, rows lie ai apart and steps of k ak; in b, steps of k bk and columns bj.
static void product(float *out, size_t m, size_t n, size_t ks, const float *a, size_t ai, size_t ak, const float *b, size_t bk, size_t bj) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float c = 0;
            for (size_t k = 0; k < ks; k++) c = fmaf(a[i * ai + k * ak], b[k * bk + j * bj], c);
            out[i * n + j] = c;
        }
}

// Networks. A bias is (O, 1); `part` has each shard's gradient; y[0] is the input of the rows at hand, y[l + 1] the output of layer l.
typedef struct { char *name; int rows, columns; float *value, *part[SHARDS]; } tensor;
typedef struct { int layers; tensor tensors[2 * LAYERS]; float *y[LAYERS + 1]; } network;
static int B, S;

static void shape(const char *name, int *rows, int *columns) {
    *columns = 1;
    sscanf(behind(step.header, join("\"", name, "\":{"), "\"shape\":["), "%d,%d", rows, columns);
}

// The tensors with this prefix, which a phase changes. Without a state before the step their weights are drawn, for which tensors are counted.
static network read_network(const char *name, const char *phase) {
    static uint64_t earlier;
    network n = {0};
    char layer[2] = "0", *prefix = join("phase.", phase, ".before.");
    for (; says(join(join(prefix, name, "."), layer, ".weight")); n.layers++, layer[0]++)
        for (int is_bias = 0; is_bias < 2; is_bias++, earlier++) {
            if (n.layers == LAYERS) stop("this program does not know so many layers", "");
            tensor *t = &n.tensors[2 * n.layers + is_bias];
            t->name = join(join(name, ".", layer), ".", is_bias ? "bias" : "weight");
            shape(join(prefix, t->name, ""), &t->rows, &t->columns);
            t->value = before.header ? get(before, t->name) : floats((size_t)t->rows * t->columns);
            for (int s = 0; s < S; s++) t->part[s] = floats((size_t)t->rows * t->columns);
            float std = says("initialisation: he") ? (float)sqrt(2 / (double)t->columns) : 0x1.47ae14p-7f;
            if (!before.header && !is_bias) draw(t->value, t->rows, t->columns, 1, earlier, std);
        }
    return n;
}

static float *forward(network *n, float *x, size_t rows) {
    n->y[0] = x;
    for (int l = 0; l < n->layers; l++) {
        tensor *W = &n->tensors[2 * l], *b = W + 1;
        size_t O = W->rows, I = W->columns;
        free(n->y[l + 1]);
        float *y = n->y[l + 1] = floats(rows * O);
        product(y, rows, O, I, n->y[l], I, 1, W->value, 1, I);
        for (size_t i = 0; i < rows * O; i++) {
            y[i] = y[i] + b->value[i % O];
            if (l < n->layers - 1 && y[i] < 0) y[i] = 0;
        }
    }
    return n->y[n->layers];
}

// From dy, the gradient of the output, to that of the input; where the phase changes the network, this computes the shard's gradients too.
static float *backward(network *n, float *dy, size_t rows, int changes, int shard) {
    for (int l = n->layers - 1; l >= 0; l--) {
        tensor *W = &n->tensors[2 * l], *b = W + 1;
        size_t O = W->rows, I = W->columns;
        if (l < n->layers - 1)
            for (size_t i = 0; i < rows * O; i++) dy[i] = n->y[l + 1][i] > 0 ? dy[i] : 0;
        if (changes) {
            product(W->part[shard], O, I, rows, dy, 1, O, n->y[l], I, 1);
            for (size_t i = 0; i < rows * O; i++) b->part[shard][i % O] += dy[i];
        }
        float *dx = floats(rows * I);
        product(dx, rows, I, O, dy, O, 1, W->value, I, 1);
        dy = dx;
    }
    return dy;
}

// Losses: z becomes the gradient.
enum loss { SIGMOID, LINEAR, ENTROPY, REAL, FAKE };
static double term(enum loss kind, float *z, float x) {
    float value = *z, y = kind == LINEAR ? value : sigmoid(value), d = y - x;
    switch (kind) {
    case SIGMOID: *z = d * (y * (1 - y)); return 0.5 * ((double)d * (double)d);
    case LINEAR: *z = d; return 0.5 * ((double)d * (double)d);
    case ENTROPY: *z = d; return (double)(softplus(value) - x * value);
    case REAL: *z = -sigmoid(-value); return (double)softplus(-value);
    default: *z = y; return (double)softplus(value);
    }
}
static double loss(enum loss kind, float *z, const float *x, size_t count) {
    double lane[LANES] = {0};
    for (size_t i = 0; i < count; i++) lane[i % LANES] += term(kind, &z[i], x ? x[i] : 0);
    for (int w = LANES / 2; w > 0; w /= 2)
        for (int j = 0; j < w; j++) lane[j] += lane[j + w];
    return lane[0];
}

// The exact sum of a tensor's gradients, and its update; the exponent becomes the next step's.
static void update(const char *phase, tensor *t, int32_t *exponent) {
    size_t count = (size_t)t->rows * t->columns;
    int bits = says("gradient_bits: full") ? 31 : (int)number("gradient_bits: ", " "), E = *exponent, least;
    while (bits + ceil(log2(S)) > 32) bits--;
    int headroom = bits >= 24 ? 4 : 2;
    float most = 0;
    for (int s = 0; s < S; s++)
        for (size_t i = 0; i < count; i++)
            if (isfinite(t->part[s][i])) most = fmaxf(most, fabsf(t->part[s][i]));
            else stop("not finite: ", t->name);
    frexpf(most, &least);
    least = least < -100 ? -100 : least > 100 ? 100 : least;
    if (most > 0 && (E == NONE || (bits >= 24 && least > E + headroom))) E = least;
    *exponent = most == 0 ? E : least > E - 2 ? least : E - 2;

    char *own = join("phase.", phase, "."), *momentum = join(join("optimizer.", phase, ".momentum."), t->name, "");
    float *v = before.header ? get(before, momentum) : floats(count), *gradient = floats(count), *w = t->value;
    float rate = (float)*(double *)get(step, join(own, "rate", "")), decay = (float)number(join("  ", phase, ": {"), "momentum: ");
    double limit = ldexp(1, bits - 1) - 1;
    int u = E == NONE ? 0 : E + headroom - bits + 1;
    for (size_t i = 0; i < count; i++) {
        int32_t sum = 0;
        for (int s = 0; s < S; s++) sum += (int32_t)fmin(fmax(nearbyint(ldexp((double)t->part[s][i], -u)), -limit), limit);
        gradient[i] = ((float)sum * ldexpf(1, u)) / (float)B;
        v[i] = decay * v[i] + gradient[i];
        if (fabsf(v[i]) < 0x1p-126f) v[i] = 0;
        w[i] = w[i] - rate * v[i];
    }
    compare(phase, gradient, step, join(own, "gradient.", t->name), count, 4);
    compare(phase, w, step, join(own, "after.", t->name), count, 4);
    if (after.header) compare(phase, v, after, momentum, count, 4);
    for (int s = 0; s < S; s++) memset(t->part[s], 0, count * 4);
    weights += count;
    tensors++;
}

// Ends a phase that changes one network or two, with its loss as a sum.
static void finish(const char *phase, double sum, network *const changed[2]) {
    char *name = join("exact.", phase, ".exponents");
    int32_t none[4 * LAYERS], *exponent = before.header ? get(before, name) : none, *next = exponent;
    for (int i = 0; i < 4 * LAYERS; i++) none[i] = NONE;
    double mean = sum / B;
    printf("%s: loss %.9g\n", phase, mean);
    compare(phase, &mean, step, join("phase.", phase, ".loss"), 1, 8);
    for (int n = 0; n < 2 && changed[n]; n++)
        for (int i = 0; i < 2 * changed[n]->layers; i++) update(phase, &changed[n]->tensors[i], next++);
    if (after.header) compare(phase, exponent, after, name, (size_t)(next - exponent), 4);
}

int main(int arguments, char **path) {
    if (arguments < 3) stop("give the state before the step, or -, the step's replay file, and the state after it if there is one", "");
    if (strcmp(path[1], "-")) before = load(path[1]);
    step = load(path[2]);
    if (arguments > 3) after = load(path[3]);
    const char *others[] = {"variant: ", "posterior: ", "norm: ", "dropout: ", "noise.discriminator", "weights: ", "input.mean", "optimizer: adam",
                            "engine: openblas", "precision: bf16", "kind: uniform", "kind: mixture", "kind: swiss-roll", "kind: samples"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (says(others[i])) stop("this program does not know ", others[i]);
    uint64_t t = (uint64_t)number("\"step\":", ":\"") - 1;
    if (t != (before.header ? strtoull(behind(before.header, "\"step\":", ":\""), NULL, 10) : 0)) stop("not the state before the step: ", path[1]);
    if ((S = (int)number("nshards: ", " ")) > SHARDS) stop("this program does not know so many shards", "");

    int P, Z;
    shape("input.images", &B, &P);
    shape("prior.code", &B, &Z);
    network encoder = read_network("encoder", "reconstruction"), decoder = read_network("decoder", "reconstruction");
    network discriminator = read_network("discriminator.code", "discriminator");
    const uint8_t *bytes = get(step, "input.images");
    float *image = floats((size_t)B * P), *input = floats((size_t)B * P), *real = floats((size_t)B * Z), noise = (float)number("noise: {", "input: ");
    if (noise > 0) draw(input, B, P, 3, t, noise);
    draw(real, B, Z, 4, t, (float)number("prior: {", "std: "));
    compare("draws", input, step, "noise.input", (size_t)B * P, 4);
    compare("draws", real, step, "prior.code", (size_t)B * Z, 4);
    for (int i = 0; i < B * P; i++) image[i] = (float)bytes[i] / 255, input[i] = noise > 0 ? image[i] + input[i] : image[i];

    enum loss cost = says("cost: cross-entropy") ? ENTROPY : says("output: sigmoid") ? SIGMOID : LINEAR;
    const char *phases[] = {"reconstruction", "discriminator", "generator"};
    network *changed[][2] = {{&encoder, &decoder}, {&discriminator}, {&encoder}}, *all[] = {&encoder, &decoder, &discriminator};
    for (int phase = 0; phase < 3; phase++) {
        double sum = 0;
        for (int s = 0; s < S; s++) {
            size_t from = (size_t)s * B / S, rows = (size_t)(s + 1) * B / S - from;
            float *code = forward(&encoder, input + from * P, rows), *both = floats(2 * rows * Z), *z;
            if (phase == 0) {
                z = forward(&decoder, code, rows);
                sum += loss(cost, z, image + from * P, rows * P);
                backward(&encoder, backward(&decoder, z, rows, 1, s), rows, 1, s);
            } else if (phase == 1) {
                memcpy(both, real + from * Z, rows * Z * sizeof(float));
                memcpy(both + rows * Z, code, rows * Z * sizeof(float));
                z = forward(&discriminator, both, 2 * rows);
                double of_real = loss(REAL, z, NULL, rows), of_fake = loss(FAKE, z + rows, NULL, rows);
                sum += of_real + of_fake;
                backward(&discriminator, z, 2 * rows, 1, s);
            } else {
                z = forward(&discriminator, code, rows);
                sum += loss(REAL, z, NULL, rows);
                backward(&encoder, backward(&discriminator, z, rows, 0, s), rows, 1, s);
            }
        }
        finish(phases[phase], sum, changed[phase]);
    }
    for (int n = 0; n < 3 && after.header; n++)
        for (tensor *w = all[n]->tensors; w < all[n]->tensors + 2 * all[n]->layers; w++)
            compare("state after it", w->value, after, w->name, (size_t)w->rows * w->columns, 4);
    if (differences) printf("%zu values differ\n", differences);
    else printf("all %zu weights of %zu tensors have the same bits\n", weights, tensors);
    return differences > 0;
}
