// Tests how often noise passes for a difference, and how small a difference is still found.
#include "replay/diff/runs/significance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rfan::replay {
namespace {

class SignificanceTest : public testing::Test {
 protected:
  // Makes samples with `keys` keys; draw(key, run) gives each value.
  template <typename Draw>
  Samples make(std::size_t base, std::size_t fresh, std::size_t keys, Draw draw) {
    Samples samples{base, fresh};
    for (std::size_t key = 0; key < keys; ++key) {
      for (std::size_t run = 0; run < base + fresh; ++run) samples.values.push_back(draw(key, run));
    }
    return samples;
  }
  double poisson(double mean) { return std::poisson_distribution<int>(mean)(random_); }

  // Returns the keys whose false-discovery rate is at most 5 %.
  static std::vector<std::size_t> findings(const Samples& samples, double dispersion) {
    std::vector<double> floor(samples.keys());
    for (std::size_t key = 0; key < floor.size(); ++key) {
      floor[key] = dispersion * std::max(0.5, (base_mean(samples, key) + new_mean(samples, key)) / 2);
    }
    const NoiseFloor noise(samples, floor);
    std::vector<double> p(samples.keys());
    for (std::size_t key = 0; key < p.size(); ++key) p[key] = noise.p_value(key);
    const auto q = benjamini_hochberg(p);
    std::vector<std::size_t> found;
    for (std::size_t key = 0; key < q.size(); ++key) {
      if (q[key] <= 0.05) found.push_back(key);
    }
    return found;
  }
  static std::vector<std::size_t> findings(const Samples& samples) {
    return findings(samples, count_dispersion(samples));
  }

  std::mt19937 random_{20261122};
};

TEST_F(SignificanceTest, StudentTailsAreThoseOfTheTables) {
  EXPECT_NEAR(student_tail(0, 3), 0.5, 1e-12);
  EXPECT_NEAR(student_tail(1, 1), 0.25, 1e-9);
  EXPECT_NEAR(student_tail(2.353, 3), 0.05, 1e-4);
  EXPECT_NEAR(student_tail(2.042, 30), 0.025, 1e-4);
  EXPECT_NEAR(student_tail(100, 3), 1.1e-6, 1e-7);
}

TEST_F(SignificanceTest, BenjaminiHochbergKeepsTheOrder) {
  const std::vector<double> p = {0.04, 0.001, 0.5, 0.01};
  const auto q = benjamini_hochberg(p);
  EXPECT_NEAR(q[1], 0.004, 1e-12);
  EXPECT_NEAR(q[3], 0.02, 1e-12);
  EXPECT_NEAR(q[0], 0.16 / 3, 1e-12);
  EXPECT_NEAR(q[2], 0.5, 1e-12);
}

TEST_F(SignificanceTest, RunsThatRepeatThemselvesMakeASmallStepAFinding) {
  const auto samples = make(2, 3, 2000, [](std::size_t key, std::size_t run) {
    return 10.0 + static_cast<double>(key % 40) - (key == 77 && run >= 2 ? 2.0 : 0.0);
  });
  EXPECT_EQ(findings(samples), std::vector<std::size_t>{77});
}

TEST_F(SignificanceTest, TheSameStepDrownsInNoise) {
  const auto samples = make(2, 3, 2000, [&](std::size_t key, std::size_t run) {
    return poisson(20) - (key == 77 && run >= 2 ? 2.0 : 0.0);
  });
  EXPECT_TRUE(findings(samples).empty());
}

TEST_F(SignificanceTest, AFewNoisyKeysAmongStableOnesStayUnreported) {
  std::size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    const auto samples =
        make(2, 3, 2000, [&](std::size_t key, std::size_t) { return key % 50 == 0 ? poisson(30) : 30.0; });
    found += findings(samples).size();
  }
  EXPECT_LE(found, 2U);
}

TEST_F(SignificanceTest, OverdispersedCountsStayUnreported) {
  std::size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    const auto samples = make(3, 3, 1000, [&](std::size_t, std::size_t) {
      return poisson(std::gamma_distribution<double>(4, 10)(random_));
    });
    found += findings(samples).size();
  }
  EXPECT_LE(found, 2U);
}

TEST_F(SignificanceTest, ALargeStepIsFoundInNoise) {
  const auto samples = make(
      3, 3, 1000, [&](std::size_t key, std::size_t run) { return poisson(key == 5 && run >= 3 ? 400 : 40); });
  EXPECT_EQ(findings(samples), std::vector<std::size_t>{5});
}

TEST_F(SignificanceTest, OneOddRunIsNoDifferenceOfTheSides) {
  const auto samples =
      make(3, 3, 1000, [](std::size_t key, std::size_t run) { return key == 5 && run == 4 ? 500.0 : 40.0; });
  EXPECT_TRUE(findings(samples).empty());
}

TEST_F(SignificanceTest, WithOneRunASideAgreementOfTheOtherKeysDecides) {
  const auto stable =
      make(1, 1, 1000, [](std::size_t key, std::size_t run) { return key == 5 && run == 1 ? 1040.0 : 40.0; });
  EXPECT_EQ(findings(stable, 2.0), std::vector<std::size_t>{5});
  const auto noisy = make(1, 1, 1000, [&](std::size_t, std::size_t) { return poisson(40); });
  EXPECT_TRUE(findings(noisy, 1.0).empty());
}

TEST_F(SignificanceTest, BurstsDoNotDecideTheSpreadOfSlices) {
  std::vector<double> even;
  std::vector<double> all;
  for (int key = 0; key < 200; ++key) {
    all.push_back(100);
    even.push_back(key % 10 == 0 ? 100 : std::binomial_distribution<int>(100, 0.5)(random_));
  }
  EXPECT_LT(slice_dispersion(even, all), 2.0);
}

}  // namespace
}  // namespace rfan::replay
