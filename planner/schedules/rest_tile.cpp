#include "planner/schedules/rest_tile.h"

namespace tconv::planner {

void rest_tile(ir::Builder& b, const ir::Affine& rest, int least, int most,
               const std::function<void(int)>& tile) {
  if (least == most) return b.when({rest - least}, [&] { tile(least); });
  const int middle = least + (most - least + 1) / 2;
  b.when({rest - middle}, [&] { rest_tile(b, rest, middle, most, tile); });
  b.when({middle - 1 - rest}, [&] { rest_tile(b, rest, least, middle - 1, tile); });
}

}  // namespace tconv::planner
