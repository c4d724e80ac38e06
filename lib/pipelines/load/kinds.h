/* The statements of the pipeline `load`: the load of a prepared file, and its transformation. */
#ifndef PIPELINES_LOAD_KINDS_H
#define PIPELINES_LOAD_KINDS_H

#include "statement/kind.h"

extern const struct statement_kind load_kind;
extern const struct statement_kind transform_kind;

#endif
