// Decodes PNG and JPEG from memory to memory. libpng and libjpeg report damage by longjmp, which is caught here, entirely in C.
#ifndef CPICTURES_H
#define CPICTURES_H

#include <stddef.h>
#include <stdint.h>

// The longest message of either library, with its terminating zero; the greatest width and height of a picture that is read.
enum { CPICTURES_WORDS = 200, CPICTURES_SIDE = 4096 };

// What a file says of itself.
struct cpictures_head {
    int32_t width, height;
    // 1 for grey pictures, 3 for others.
    int32_t channels;
    // Why it cannot be read.
    char words[CPICTURES_WORDS];
};

// Each reads the head, and where there is a target also the picture: rows from the top, `channels` bytes a pixel, 1 only of a grey picture.
// Values of 16 bits are rounded to the upper 8; transparent pixels are laid on white. Returns 0, or -1 with `words`.
int cpictures_png(
    const unsigned char *bytes, size_t count, struct cpictures_head *head, int channels, unsigned char *target, size_t room);
int cpictures_jpeg(
    const unsigned char *bytes, size_t count, struct cpictures_head *head, int channels, unsigned char *target, size_t room);

#endif
