// Ranges of columns of row-major matrices: rows of x lie `x_stride` elements apart, those of y `y_stride`.

static void loop_copy_columns(const float *x, size_t x_stride, float *y, size_t y_stride, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) __builtin_memcpy(y + r * y_stride, x + r * x_stride, columns * sizeof(float));
}
