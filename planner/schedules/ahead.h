// Prefetch: while a grid point multiplies, the inputs that the next one reads first come into L2, a
// little with every step of the innermost loop. Hardware prefetchers follow rows that are copied,
// but nothing reads from memory while a grid point computes; without this the times of reading and
// computing add up.
#pragma once

#include <string>
#include <vector>

#include "ir/builder.h"
#include "planner/schedules/tensors.h"

namespace tconv::planner {

// Why a plan cannot: a sentence, or empty.
std::string why_not_prefetch(const Problem& problem, const Plan& plan);

class Ahead {
 public:
  // Does nothing unless `on`.
  Ahead(ir::Builder& b, const Problem& problem, bool on);
  void declare(const Tensors& tensors);

  // A grid point along one axis: where it begins, how many blocks it takes, how many points there
  // are, which of them it is.
  struct Along {
    ir::Affine begin;
    std::int64_t block = 1, points = 1;
    ir::Affine number = {};
  };
  // The next grid point is one further along the innermost of the spatial `axes` that has several,
  // or the next `images`: its pixels, all those of the axes inside, are spread over `steps`
  // numbered steps for each input channel. Beyond an image lies the next one.
  // Points that share rows each bring their part of the next rows, so that it is always one stretch
  // of memory.
  void next(const ir::Affine& image, std::int64_t images, const std::vector<Along>& axes,
            double steps);
  bool active() const { return on_ && steps_ > 0; }
  void step(const ir::Affine& number, const ir::Affine& channel) const;
  // While a row is copied or transposed: the line of `mem`, which lies `distance()` pixels further.
  // Rows of pixels are read by 16 pixels at a time, which hardware does not follow.
  std::int64_t distance() const;
  void near(ir::Mem mem) const;

 private:
  ir::Builder& b_;
  const Problem& problem_;
  bool on_;
  ir::ViewId view_ = 0;  // channels-last: [element], channels-first: [n, channel, pixel]
  ir::Affine pixels_;    // of an image
  ir::Affine n_, first_;
  std::int64_t count_ = 0, steps_ = 0;  // of all points that share rows
  ir::Affine before_;                   // steps of those before this one
};

}  // namespace tconv::planner
