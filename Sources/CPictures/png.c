#include "CPictures.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What lives across a longjmp, in the caller's frame and not in that of setjmp.
struct work {
    png_structp png;
    png_infop info;
    const unsigned char *bytes;
    size_t left;
    unsigned char *values;
    struct cpictures_head *head;
};

static void take(png_structp png, png_bytep target, size_t count) {
    struct work *work = png_get_io_ptr(png);
    if (count > work->left) png_error(png, "it ends too soon");
    memcpy(target, work->bytes, count);
    work->bytes += count;
    work->left -= count;
}

static void fail(png_structp png, png_const_charp words) {
    struct work *work = png_get_error_ptr(png);
    snprintf(work->head->words, CPICTURES_WORDS, "%s", words);
    png_longjmp(png, 1);
}

static void pass_over(png_structp png, png_const_charp words) {
    (void)png;
    (void)words;
}

static void read_head(struct work *work) {
    png_structp png = work->png;
    png_set_user_limits(png, CPICTURES_SIDE, CPICTURES_SIDE);
    // Limits ancillary chunks: a picture's colour profile and texts are not used here.
    png_set_chunk_malloc_max(png, 1 << 20);
    png_set_read_fn(png, work, take);
    png_read_info(png, work->info);
    work->head->width = (int32_t)png_get_image_width(png, work->info);
    work->head->height = (int32_t)png_get_image_height(png, work->info);
    // A palette counts as colour.
    work->head->channels = png_get_color_type(png, work->info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
}

// Values of one pixel as they were read, grey or RGB with or without alpha, become `channels` bytes on white.
static void put(const unsigned char *from, int have, unsigned char *to, int channels) {
    int colours = have > 2 ? 3 : 1;
    unsigned alpha = have == 2 || have == 4 ? from[have - 1] : 255;
    for (int channel = 0; channel < channels; channel++) {
        unsigned value = from[colours == 3 ? channel : 0];
        to[channel] = (unsigned char)((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static void read_picture(struct work *work, int channels, unsigned char *target) {
    png_structp png = work->png;
    png_set_expand(png);
    png_set_scale_16(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, work->info);
    int have = png_get_channels(png, work->info);
    size_t width = (size_t)work->head->width, height = (size_t)work->head->height, row = png_get_rowbytes(png, work->info);
    if (row != width * (size_t)have) png_error(png, "its rows are of another size than its head says");
    work->values = malloc(row * height);
    if (!work->values) png_error(png, "there is no memory for it");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) png_read_row(png, work->values + y * row, NULL);
    png_read_end(png, NULL);
    for (size_t pixel = 0; pixel < width * height; pixel++)
        put(work->values + pixel * (size_t)have, have, target + pixel * (size_t)channels, channels);
}

static int run(struct work *work, int channels, unsigned char *target, size_t room) {
    if (setjmp(png_jmpbuf(work->png))) return -1;
    read_head(work);
    if (!target) return 0;
    if (channels < work->head->channels || (channels != 1 && channels != 3)
        || room < (size_t)work->head->width * (size_t)work->head->height * (size_t)channels)
        png_error(work->png, "it is another picture than it was");
    read_picture(work, channels, target);
    return 0;
}

int cpictures_png(
    const unsigned char *bytes, size_t count, struct cpictures_head *head, int channels, unsigned char *target, size_t room) {
    struct work work = {.bytes = bytes, .left = count, .head = head};
    memset(head, 0, sizeof *head);
    work.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &work, fail, pass_over);
    work.info = work.png ? png_create_info_struct(work.png) : NULL;
    int result = -1;
    if (work.info)
        result = run(&work, channels, target, room);
    else
        snprintf(head->words, CPICTURES_WORDS, "there is no memory for it");
    free(work.values);
    png_destroy_read_struct(&work.png, &work.info, NULL);
    return result;
}
