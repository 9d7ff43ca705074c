#include "CPictures.h"

#include <stdio.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>

// A progressive picture has some ten scans. A small file may claim thousands, each of which goes through the whole picture.
enum { SCANS = 100 };

// What lives across a longjmp, in the caller's frame and not in that of setjmp.
struct work {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf place;
    struct cpictures_head *head;
};

static _Noreturn void give_up(struct work *work, const char *words) {
    if (words) snprintf(work->head->words, CPICTURES_WORDS, "%s", words);
    longjmp(work->place, 1);
}

static void fail(j_common_ptr jpeg) {
    struct work *work = jpeg->client_data;
    char words[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, words);
    give_up(work, words);
}

// libjpeg turns damage into grey patches and a warning. Stray bytes between two parts are not damage.
static void warn(j_common_ptr jpeg, int level) {
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) fail(jpeg);
}

static void keep_quiet(j_common_ptr jpeg) { (void)jpeg; }

static void count_scans(j_common_ptr jpeg) {
    if (((j_decompress_ptr)jpeg)->input_scan_number > SCANS) give_up(jpeg->client_data, "it has more than 100 scans");
}

static void read_head(struct work *work, const unsigned char *bytes, size_t count) {
    j_decompress_ptr jpeg = &work->jpeg;
    // Older headers lack the `const`; the memory is only read.
    jpeg_mem_src(jpeg, (unsigned char *)bytes, count);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->image_width > CPICTURES_SIDE || jpeg->image_height > CPICTURES_SIDE) give_up(work, "it is too wide or too high");
    if (jpeg->arith_code) give_up(work, "it has arithmetic coding, which nearly no program reads");
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: work->head->channels = 1; break;
    case JCS_RGB:
    case JCS_YCbCr: work->head->channels = 3; break;
    default: give_up(work, "its colours are those of a printer (CMYK)");
    }
    work->head->width = (int32_t)jpeg->image_width;
    work->head->height = (int32_t)jpeg->image_height;
}

static void read_picture(struct work *work, int channels, unsigned char *target) {
    j_decompress_ptr jpeg = &work->jpeg;
    jpeg->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->progress = &work->progress;
    jpeg_start_decompress(jpeg);
    size_t row = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
    if (row != (size_t)work->head->width * (size_t)channels) give_up(work, "its rows are of another size than its head says");
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW line = target + row * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &line, 1);
    }
    jpeg_finish_decompress(jpeg);
}

static int run(
    struct work *work, const unsigned char *bytes, size_t count, int channels, unsigned char *target, size_t room) {
    if (setjmp(work->place)) return -1;
    // This clears the whole structure except the error handler and the caller's own pointer.
    jpeg_create_decompress(&work->jpeg);
    read_head(work, bytes, count);
    if (!target) return 0;
    if (channels < work->head->channels || (channels != 1 && channels != 3)
        || room < (size_t)work->head->width * (size_t)work->head->height * (size_t)channels)
        give_up(work, "it is another picture than it was");
    read_picture(work, channels, target);
    return 0;
}

int cpictures_jpeg(
    const unsigned char *bytes, size_t count, struct cpictures_head *head, int channels, unsigned char *target, size_t room) {
    struct work work;
    memset(&work, 0, sizeof work);
    memset(head, 0, sizeof *head);
    work.head = head;
    work.jpeg.err = jpeg_std_error(&work.errors);
    work.errors.error_exit = fail;
    work.errors.emit_message = warn;
    work.errors.output_message = keep_quiet;
    work.progress.progress_monitor = count_scans;
    work.jpeg.client_data = &work;
    int result = run(&work, bytes, count, channels, target, room);
    jpeg_destroy_decompress(&work.jpeg);
    return result;
}
