/* What libtconv.so shows: symbols are hidden but for those marked TCONV_API. */
#ifndef TCONV_EXPORT_H
#define TCONV_EXPORT_H

#define TCONV_API __attribute__((visibility("default")))

#endif
