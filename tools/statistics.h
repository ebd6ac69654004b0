// What measurements say and what is only noise: rank tests, which assume nothing of how times are
// distributed, and never a single outlier's word.
#pragma once

#include <cstddef>
#include <vector>

namespace tconv::tools {

// The chance of a difference at least as large between two things of the same speed, two-sided.
// 1 where there is nothing to compare. Exact, ties included, for up to 40 values of both together
// (pairs: up to 40 of them); above by the normal approximation.
//
// Times of the same rounds: old_us[i] and new_us[i] took turns in round i. Wilcoxon's signed ranks,
// of the relative differences; a pair without one counts for neither (Pratt). Sizes must be equal.
// At n pairs it cannot fall below 2 / 2^n: 7 pairs reach 0.016, 8 reach 0.008.
double paired_p(const std::vector<double>& old_us, const std::vector<double>& new_us);
// Times of different runs: Mann and Whitney's U. 7 against 7 reach 0.0006, 3 against 3 only 0.1.
double unpaired_p(const std::vector<double>& old_us, const std::vector<double>& new_us);

// How much longer the second takes, without a mean: the median of new/old over the pairs
// (Hodges and Lehmann's estimate on the logarithm: over all pairs of Walsh averages; unpaired: over
// all combinations). 1 where there is nothing to compare.
double paired_ratio(const std::vector<double>& old_us, const std::vector<double>& new_us);
double unpaired_ratio(const std::vector<double>& old_us, const std::vector<double>& new_us);

// What is called a difference: unlikely by chance, and large enough to matter. Within a process the
// rounds show all of the noise; between two processes they do not (pages, clocks, neighbours), so
// that `margin` must be larger there.
struct Rule {
  double p = 0.01;       // chance at most
  double margin = 0.02;  // |ratio - 1| at least, on the shorter side: 1.02 and 1/1.02
};
enum class Verdict { same, faster, slower };
struct Change {
  Verdict verdict = Verdict::same;
  double ratio = 1;  // new / old
  double p = 1;
};
Change paired_change(const std::vector<double>& old_us, const std::vector<double>& new_us,
                     const Rule& rule);
Change unpaired_change(const std::vector<double>& old_us, const std::vector<double>& new_us,
                       const Rule& rule);

// Whether so many unpaired values could differ by the rule at all: 5 against 5 for p = 0.01.
bool can_differ(std::size_t old_values, std::size_t new_values, const Rule& rule);

// Half the distance of the quartiles over the median: 0.01 is 1%. 0 for fewer than 2 values.
double spread(const std::vector<double>& values);

// 1: the same order; -1: the opposite; 0: none, or fewer than 2 values. Spearman's, ties by their
// middle rank. Sizes must be equal.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace tconv::tools
