/* The calm day in C: what the kernel does on a day without stress, phase by phase, on tables of the kernel's form.

   Phases bear the names they have in simulator/engine/phases, make the same passes and keep the order of arithmetic, so
   that the books come out the same; rules are written out where they stand. `tables.h` is written by against_c.py, which
   says what is left out, and measures. Where the kernel would go on to what only stress needs (a sale that is forced,
   repo that is refused, a failure), the day is no longer calm and the path ends. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tables.h"

#define BP 1e-4
#define YEAR 252.0
#define MONTH 21.0
#define SMALL 1e-9
#define ROW(table, n) ((table) + (n) * table##_size[1])
#define OVER(i, row) for (int64_t i = 0, i##_end = row##_size[0]; i < i##_end; i++)
#define FREELY _Pragma("GCC ivdep") /* no two rows share memory, as the kernel is told too */
#define each_fund(i) FREELY OVER(i, s->funds.cash)
#define each_dealer(d) OVER(d, s->dealers.capital)
#define each_manager(a) OVER(a, s->managers.cash)
#define each_bucket(b) OVER(b, s->buckets.price)
#define each_hedge(h) OVER(h, s->hedges.value)
#define each_trade(j) OVER(j, s->trades.fund_bonds)
#define BUCKET_OF_HEDGE(h) p->opening.hedges.bucket_of[h]
#define BUCKET_OF(j) p->opening.trades.bucket_of[j]
#define HEDGE_OF(j) p->opening.trades.hedge_of[j]
#define EXTRA_BP(h) (s->hedges.dislocation_bp[h] - p->opening.hedges.dislocation_bp[h])
#define TOTAL(row) total(row, s->funds.cash_size[0])

typedef const Parameters *Terms;
typedef State *Books;

/* As Python's: the first unless the second is larger, or smaller. */
static double max(double a, double b) { return b > a ? b : a; }
static double min(double a, double b) { return b < a ? b : a; }
static double within(double low, double high, double x) { return max(low, min(high, x)); }

static double total(const double *row, int64_t count) {
    double first = 0.0, second = 0.0, third = 0.0, fourth = 0.0;
    int64_t i = 0;
    for (; i + 4 <= count; i += 4) {
        first += row[i];
        second += row[i + 1];
        third += row[i + 2];
        fourth += row[i + 3];
    }
    for (; i < count; i++) first += row[i];
    return (first + second) + (third + fourth);
}

static void empty(double *row, int64_t count) { memset(row, 0, (size_t)count * sizeof *row); }

static void pay(Books s, int payer, int payee, double amount) {
    s->accounts.cash[payer] -= amount;
    s->accounts.cash[payee] += amount;
}

static void charge(Books s, double profit) {
    each_dealer(d) s->dealers.capital[d] += s->dealers.share[d] * profit;
}

static void share_among_managers(Terms p, Books s, double amount) {
    each_manager(a) s->managers.cash[a] += p->opening.managers.share[a] * amount;
}

/* ---- the world ---- */

static double tenor_multiple(double multiple, double response) { return max(0.1, 1.0 + response * (multiple - 1.0)); }

static void set_volatility(Terms p, Books s) {
    double multiple = s->others.volatility_multiple[0];
    each_bucket(b) s->buckets.volatility_bp[b] = 0.0;
    each_hedge(h) {
        int64_t b = BUCKET_OF_HEDGE(h);
        double times = tenor_multiple(multiple, p->opening.buckets.volatility_response[b]);
        s->hedges.volatility_bp[h] = max(sqrt(s->hedges.variance[h]), p->opening.hedges.volatility_bp[h] * times);
        s->buckets.volatility_bp[b] = max(s->buckets.volatility_bp[b], s->hedges.volatility_bp[h]);
    }
    each_bucket(b) {
        double opening_bp = p->opening.buckets.volatility_bp[b];
        double implied_bp = opening_bp * tenor_multiple(multiple, p->opening.buckets.volatility_response[b]);
        if (s->buckets.volatility_bp[b] == 0.0) s->buckets.volatility_bp[b] = implied_bp;
        s->buckets.volatility_ratio[b] = s->buckets.volatility_bp[b] / opening_bp;
        s->buckets.priced_volatility_bp[b] =
            min(s->buckets.volatility_bp[b], (1.0 + p->end_investors.own_moves) * implied_bp);
    }
}

static void observe_world(Terms p, Books s, const Schedule *sched, const World *w, int64_t path, int64_t day) {
    int64_t today = path * w->volatility_multiple_size[1] + day, tenors = w->curve_change_bp_size[2];
    empty(s->seen.sold_by_channel, s->seen.sold_by_channel_size[0]);
    empty(s->seen.called, s->seen.called_size[0] * s->seen.called_size[1]);
    each_trade(j) s->seen.sold[j] = s->seen.bought[j] = s->seen.delivered[j] = 0.0;
    each_bucket(b) s->seen.tail_bp[b] = s->seen.taken_by_bidders[b] = 0.0;
    s->seen.fund_redemptions[0] = s->seen.manager_redemptions[0] = s->seen.foreign_sales[0] = 0.0;
    s->seen.repo_taken_back[0] = s->seen.shortfall_left[0] = 0.0;
    each_hedge(h) {
        double change = ROW(sched->hedge_demand_shift, day)[h] + w->hedge_demand[today * w->hedge_demand_size[2] + h];
        s->hedges.wanted[h] += change * p->opening.hedges.demand_bn[h];
    }
    OVER(g, s->fundings.policy_rate) s->fundings.policy_rate[g] = ROW(sched->policy_rate, day)[g];
    s->others.volatility_multiple[0] = w->volatility_multiple[today];
    s->others.equity_change[0] = w->equity_change[today];
    s->others.credit_change_bp[0] = w->credit_change_bp[today];
    each_dealer(d) s->dealers.limit_cut[d] = ROW(sched->limit_cut, day)[d];
    OVER(k, s->bonds.price) {
        double change_bp = 0.0;
        for (int64_t c = 0; c < tenors; c++)
            change_bp += ROW(p->opening.bonds.curve_weight, k)[c] * w->curve_change_bp[today * tenors + c];
        s->bonds.curve_shift_bp[k] = change_bp;
    }
    set_volatility(p, s);
    s->others.leverage_relief[0] = sched->leverage_relief[day];
    s->others.haircut_minimum[0] = sched->haircut_minimum[day];
    s->others.margin_minimum[0] = sched->margin_minimum[day];
    s->others.unnetted_share[0] = p->dealers.unnetted_repo * (1.0 - sched->clearing_mandate[day]);
    s->others.facility_bn[0] = sched->facility_bn[day];
}

static void pass_on_inventory(Terms p, Books s, const Schedule *sched, int64_t day) {
    double fade = 1.0 / p->end_investors.recovery, *excess = s->buckets.end_excess;
    each_bucket(b) {
        double ratio = s->buckets.priced_volatility_bp[b] / p->opening.buckets.volatility_bp[b];
        double kept = pow(max(1.0, ratio), -p->dealers.inventory_response);
        s->buckets.inventory_wanted[b] = p->opening.buckets.inventory_bn[b] * kept;
        s->buckets.passed[b] = (s->buckets.inventory[b] - s->buckets.inventory_wanted[b]) * p->dealers.pass_through;
        double absorbed =
            s->buckets.passed[b] - s->buckets.bought_from_end[b] - ROW(sched->investor_demand_bn, day)[b];
        excess[b] = excess[b] * (1.0 - fade) + absorbed;
    }
    each_bucket(b) {
        double counted = 0.0;
        each_bucket(other) counted += ROW(p->opening.buckets.permanent_share, b)[other] * excess[other];
        double ratio = s->buckets.priced_volatility_bp[b] / p->opening.buckets.volatility_bp[b];
        double steepness = counted > 0.0 ? max(1.0, ratio * ratio) : 1.0;
        s->buckets.permanent_bp[b] = steepness * counted / p->opening.buckets.permanent_depth_bn_per_bp[b];
    }
    each_bucket(b) {
        s->buckets.bought_from_end[b] = 0.0;
        s->buckets.inventory[b] -= s->buckets.passed[b];
        s->buckets.end_bonds[b] += s->buckets.passed[b];
        pay(s, END_INVESTORS, DEALERS, s->buckets.passed[b] * s->buckets.price[b]);
    }
}

/* ---- prices and their settlement ---- */

static double annuity(double y, double n) {
    if (fabs(y) < SMALL_YIELD) {
        double tail = 1.0 - y * (n + 3.0) / 4.0 * (1.0 - y * (n + 4.0) / 5.0);
        return n * (1.0 - y * (n + 1.0) / 2.0 * (1.0 - y * (n + 2.0) / 3.0 * tail));
    }
    double growth = 1.0 + y;
    return (1.0 - exp(-n * log(growth))) / (growth - 1.0);
}

static double bond_price(Terms p, int64_t k, double yield) {
    double frequency = p->opening.bonds.coupons_per_year[k], periods = p->opening.bonds.periods_to_coupon[k];
    double after = p->opening.bonds.periods_after[k], y = yield / frequency, c = p->opening.bonds.coupon[k] / frequency;
    double discount = after < 0.5 ? 1.0 / (1.0 + y * periods) : exp(-periods * log(1.0 + y));
    return discount * (1.0 + c + (c - y) * annuity(y, after));
}

static double cash_yield(Terms p, Books s, int64_t k) {
    int64_t b = p->opening.bonds.bucket_of[k];
    double change_bp = s->bonds.curve_shift_bp[k] + s->buckets.pressure_bp[b] + s->buckets.basis_bp[b];
    return p->opening.bonds.yield_[k] + BP * change_bp;
}

static double futures_repo(Terms p, Books s, int64_t h) {
    double now_bp = s->hedges.dislocation_bp[h];
    return p->opening.hedges.policy_rate[h] + BP * (now_bp + (s->hedges.time_left[h] - 1.0) * EXTRA_BP(h));
}

static double futures_price(Terms p, Books s, int64_t h, int64_t e, double dirty) {
    double rate = futures_repo(p, s, h) * p->opening.hedges.money_market_year[h];
    double years = dirty * p->opening.hedges.horizon_years[h] - p->opening.deliverables.income_years[e];
    double forward = dirty + rate * years - p->opening.deliverables.income[e];
    return (forward - p->opening.deliverables.accrued_delivery[e]) / p->opening.deliverables.factor[e];
}

static void price_bonds(Terms p, Books s) {
    each_bucket(b) {
        int64_t held = p->opening.buckets.held_bond[b];
        s->bonds.price[held] = s->buckets.surviving[b] * bond_price(p, held, cash_yield(p, s, held));
    }
    each_hedge(h) {
        int64_t cheapest = p->opening.deliverables.bond[s->hedges.cheapest[h]];
        if (cheapest != p->opening.buckets.held_bond[BUCKET_OF_HEDGE(h)])
            s->bonds.price[cheapest] = bond_price(p, cheapest, cash_yield(p, s, cheapest));
    }
}

static void find_cheapest(Terms p, Books s) {
    each_hedge(h) {
        int64_t first = p->opening.hedges.basket_start[h], end = p->opening.hedges.basket_start[h + 1];
        if (end - first == 1) continue;
        int64_t best = s->hedges.cheapest[h];
        double lowest = futures_price(p, s, h, best, s->bonds.price[p->opening.deliverables.bond[best]]);
        for (int64_t e = first; e < end; e++) {
            int64_t k = p->opening.deliverables.bond[e];
            double yield = cash_yield(p, s, k), rise = yield - p->opening.bonds.yield_[k];
            double floor =
                p->opening.bonds.price[k] * (1.0 - p->opening.bonds.duration_years[k] * rise) * (1.0 - 1e-12);
            if (futures_price(p, s, h, e, floor) < lowest && e != s->hedges.cheapest[h]) {
                s->bonds.price[k] = bond_price(p, k, yield);
                double price = futures_price(p, s, h, e, s->bonds.price[k]);
                if (price < lowest) lowest = price, best = e;
            }
        }
        s->hedges.cheapest[h] = best;
    }
}

static double *bonds_of_dealers(Terms p, Books s) {
    double *bonds = s->scratch.by_bucket;
    each_bucket(b) bonds[b] = 0.0;
    each_hedge(h) bonds[BUCKET_OF_HEDGE(h)] += s->hedges.dealer_packages[h];
    each_bucket(b) bonds[b] += s->buckets.inventory[b];
    each_hedge(h) bonds[BUCKET_OF_HEDGE(h)] += s->hedges.estate[h];
    return bonds;
}

static void pay_hedges(Terms p, Books s, const double *rise) {
    double from_dealers = 0.0, from_funds = 0.0, from_central_bank = 0.0, to_managers = 0.0, to_others = 0.0;
    each_hedge(h) {
        from_dealers += (s->hedges.dealer_packages[h] + s->hedges.estate_hedges[h]) * rise[h];
        to_managers += s->hedges.managers[h] * rise[h];
        from_central_bank += s->hedges.central_packages[h] * rise[h];
        to_others += s->hedges.others[h] * rise[h];
    }
    each_trade(j) from_funds += s->trades.fund_hedges[j] * rise[HEDGE_OF(j)];
    pay(s, FUNDS, CLEARING_HOUSE, from_funds);
    pay(s, CENTRAL_BANK, CLEARING_HOUSE, from_central_bank);
    pay(s, CLEARING_HOUSE, OTHER_HEDGERS, to_others);
    pay(s, DEALERS, CLEARING_HOUSE, from_dealers);
    charge(s, -from_dealers);
    pay(s, CLEARING_HOUSE, MANAGERS, to_managers);
    share_among_managers(p, s, to_managers);
}

static void settle_with_funds(Terms p, Books s, int64_t j, double *remarked) {
    double price_change = s->buckets.price_change[BUCKET_OF(j)], value_change = s->hedges.value_change[HEDGE_OF(j)];
    const double *packages = ROW(s->funds.packages, j), *haircut = ROW(s->funds.haircut, j);
    const double *free = ROW(s->funds.unencumbered, j), *ratio = ROW(p->opening.funds.hedge_ratio, j);
    const double *share = p->opening.funds.remarked_share;
    double *loan = ROW(s->funds.loan, j), *call = ROW(s->orders.call, VARIATION_MARGIN);
    each_fund(i) {
        double lent = share[i] * (1.0 - haircut[i]) * price_change * (packages[i] - free[i]);
        loan[i] += lent;
        remarked[i] += lent;
        call[i] += packages[i] * ratio[i] * value_change;
    }
}

static void settle_prices(Terms p, Books s) {
    double *remarked = s->scratch.first, *call = ROW(s->orders.call, COLLATERAL), on_bonds = 0.0;
    each_bucket(b) {
        double price = s->bonds.price[p->opening.buckets.held_bond[b]];
        s->buckets.price_change[b] = price - s->buckets.price[b];
        s->buckets.price[b] = price;
    }
    each_hedge(h) {
        int64_t e = s->hedges.cheapest[h];
        double dirty = s->bonds.price[p->opening.deliverables.bond[e]], opened = s->hedges.value_at_open[h];
        double freely = futures_price(p, s, h, e, dirty) * p->opening.deliverables.factor[p->opening.hedges.held[h]];
        double limit = p->opening.hedges.price_limit[h], value = freely;
        if (opened > 0.0) value = within(opened * (1.0 - limit), opened * (1.0 + limit), freely);
        s->hedges.beyond_limit[h] = freely - value;
        s->hedges.value_change[h] = value - s->hedges.value[h];
        s->hedges.value[h] = value;
    }
    each_fund(i) remarked[i] = 0.0;
    each_trade(j) settle_with_funds(p, s, j, remarked);
    each_fund(i) call[i] -= remarked[i];
    double lent = TOTAL(remarked);
    s->dealers.fund_repo[0] += lent;
    pay(s, DEALERS, FUNDS, lent);
    const double *bonds = bonds_of_dealers(p, s);
    each_bucket(b) on_bonds += bonds[b] * s->buckets.price_change[b];
    charge(s, on_bonds);
    pay_hedges(p, s, s->hedges.value_change);
}

/* ---- carry ---- */

static double extra_interest(double loan, double extra_bp) { return loan * extra_bp * (BP / YEAR); }

static double own_interest(Books s, int64_t d) {
    double lent = s->dealers.lent_to_funds[d] + s->dealers.share[d] * s->dealers.other_repo[0];
    double over_bp = s->dealers.over_average_bp[d];
    return s->dealers.alive[d] * extra_interest(lent - s->dealers.from_lenders[d], over_bp);
}

static void accrue_carry(Terms p, Books s) {
    double *paid = s->scratch.first, *interest = ROW(s->orders.call, INTEREST), *carry = ROW(s->orders.call, CARRY);
    const double *own_bp = s->funds.repo_over_average_bp;
    each_fund(i) paid[i] = 0.0;
    each_trade(j) {
        int64_t h = HEDGE_OF(j), g = p->opening.trades.funding_of[j];
        double extra_repo_bp = s->fundings.client_bp[g] - p->opening.fundings.repo_spread_bp[g];
        double earned = s->hedges.value[h] * EXTRA_BP(h) * BP / YEAR;
        const double *loan = ROW(s->funds.loan, j), *packages = ROW(s->funds.packages, j);
        const double *ratio = ROW(p->opening.funds.hedge_ratio, j);
        each_fund(i) {
            double due = extra_interest(loan[i], extra_repo_bp + own_bp[i]);
            paid[i] += due;
            interest[i] += due;
            carry[i] -= packages[i] * ratio[i] * earned;
        }
    }
    double from_funds = TOTAL(paid), opening_bp = p->opening.fundings.repo_spread_bp[0], over_bp = 0.0, all = 0.0;
    double extra_bp = s->fundings.wholesale_bp[0] - opening_bp;
    each_dealer(d) over_bp += s->dealers.share[d] * s->dealers.over_average_bp[d];
    double client_extra_bp = s->fundings.client_bp[0] - opening_bp + over_bp;
    double from_others = extra_interest(s->dealers.other_repo[0], client_extra_bp);
    double to_lenders = extra_interest(s->dealers.borrowed[0], extra_bp);
    double to_facility = extra_interest(s->others.facility[0], extra_bp);
    pay(s, FUNDS, DEALERS, from_funds);
    pay(s, OUTSIDE, DEALERS, from_others);
    pay(s, DEALERS, LENDERS, to_lenders);
    pay(s, DEALERS, CENTRAL_BANK, to_facility);
    charge(s, from_funds + from_others - to_lenders - to_facility);
    if (s->seen.repo_highest_bp[0] != s->seen.repo_lowest_bp[0]) {
        each_dealer(d) all += own_interest(s, d);
        each_dealer(d) s->dealers.capital[d] += own_interest(s, d) - s->dealers.share[d] * all;
    }
    each_hedge(h) s->hedges.value_change[h] = -(s->hedges.value[h] * EXTRA_BP(h) * BP / YEAR);
    pay_hedges(p, s, s->hedges.value_change);
}

/* ---- repo ---- */

static double bonds_at_risk(Terms p, Books s) {
    double *held = s->scratch.by_bucket, value = 0.0;
    each_bucket(b) held[b] = 0.0;
    each_hedge(h) held[BUCKET_OF_HEDGE(h)] += fabs(s->hedges.dealer_packages[h]);
    each_hedge(h) held[BUCKET_OF_HEDGE(h)] += fabs(s->hedges.estate[h]);
    each_bucket(b) value += (held[b] + fabs(s->buckets.inventory[b])) * s->buckets.price[b];
    return value;
}

static double balance_sheet_use(double held, double repo, double unnetted, double limit) {
    return limit <= 0.0 ? 0.0 : (held + unnetted * repo) / limit;
}

static double limit_of(Terms p, Books s, int64_t d) {
    double largest = max(0.0, s->dealers.capital[d]) / p->dealers.capital_ratio;
    return largest * s->others.leverage_relief[0] * (1.0 - s->dealers.limit_cut[d]);
}

static double plan_facility(Terms p, Books s, double facility_bn) {
    if (facility_bn <= 0.0) {
        each_dealer(d) s->dealers.at_facility[d] = 0.0;
        return 0.0;
    }
    double asked = 0.0, easy = p->lenders.easy_share, spread_bp = p->central_bank.standing_repo.spread;
    double dearer_bp = spread_bp - p->opening.fundings.repo_spread_bp[0] + p->opening.lenders.scarcity_bp[0];
    each_dealer(d) {
        double golden = (double)(p->opening.dealers.size_place[d] + 1) * GOLDEN_RATIO, limit_bp;
        double premium_bp = dearer_bp + 2.0 * p->central_bank.standing_repo.stigma * (golden - floor(golden));
        double cheaper = s->dealers.offer[d];
        if ((limit_bp = p->lenders.scarcity_at_limit) > 0.0)
            cheaper = cheaper * (easy + (1.0 - easy) * sqrt(max(0.0, premium_bp) / limit_bp));
        s->dealers.at_facility[d] = s->dealers.alive[d] * max(0.0, s->dealers.needed[d] - cheaper);
        asked += s->dealers.at_facility[d];
    }
    if (asked <= facility_bn) return asked;
    each_dealer(d) s->dealers.at_facility[d] *= facility_bn / asked;
    return facility_bn;
}

static void lend_to_funds(Terms p, Books s) {
    double *owed = s->scratch.first, *of_dealer = s->scratch.second;
    double *lent = s->dealers.lent_to_funds, orphaned = 0.0;
    each_fund(i) owed[i] = 0.0;
    each_trade(j) {
        const double *loan = ROW(s->funds.loan, j);
        each_fund(i) owed[i] += loan[i];
    }
    each_dealer(d) {
        const double *share = ROW(p->opening.funds.client_share, d);
        each_fund(i) of_dealer[i] = share[i] * owed[i];
        lent[d] = TOTAL(of_dealer);
    }
    each_dealer(d) if (s->dealers.alive[d] == 0.0) {
        orphaned += lent[d];
        lent[d] = 0.0;
    }
    each_dealer(d) lent[d] += s->dealers.share[d] * orphaned;
}

static double offer_to(Terms p, Books s, int64_t d, double withdrawal, double drained, double noise) {
    double opening_limit = p->opening.lenders.limit_bn[d], before = s->dealers.lenders_limit[d];
    double borrowed = min(s->dealers.from_lenders[d], s->dealers.offer[d]);
    if (opening_limit > 0.0) {
        double wanted = max(1.0, borrowed * (1.0 + p->lenders.headroom) / opening_limit);
        s->dealers.lenders_limit[d] = before + p->lenders.limit_speed * (wanted - before);
    }
    double lost = 1.0 - s->dealers.capital[d] / p->opening.dealers.capital_bn[d];
    double fear = p->lenders.volatility_response * max(0.0, s->others.volatility_multiple[0] - 1.0);
    double doubt = p->lenders.dealer_loss_response * max(0.0, lost - p->lenders.dealer_loss_tolerance);
    double limit = opening_limit * s->dealers.lenders_limit[d] * s->dealers.alive[d];
    return max(0.0, limit * max(0.0, 1.0 - fear - doubt) * (1.0 - withdrawal) * (1.0 - drained) * (1.0 + noise));
}

static void ration_clients(Terms p, Books s, int64_t d, double gap) {
    double over = max(0.0, s->dealers.use[d] - 1.0) * limit_of(p, s, d), unnetted = s->others.unnetted_share[0];
    double taken = unnetted <= 0.0 ? gap : max(gap, p->dealers.client_cut_speed * over / unnetted);
    s->dealers.taken[d] = max(0.0, min(taken, s->dealers.lent_to_funds[d]));
    s->seen.repo_taken_back[0] += s->dealers.taken[d];
}

static void price_repo(Terms p, Books s) {
    double opening_bp = p->opening.fundings.repo_spread_bp[0], in_opening_bp = p->opening.lenders.scarcity_bp[0];
    double weighted = 0.0, borrowed = 0.0, lowest = INFINITY, highest = -INFINITY, easy = p->lenders.easy_share;
    each_dealer(d) {
        double need = s->dealers.from_lenders[d], offered = s->dealers.offer[d], ceiling = p->lenders.scarcity_ceiling;
        double scarce_bp = need > 0.0 ? ceiling : 0.0;
        if (offered > 0.0) {
            double strain = max(0.0, need / offered - easy) / (1.0 - easy);
            scarce_bp = min(ceiling, p->lenders.scarcity_at_limit * strain * strain);
        }
        double own_bp = s->dealers.repo_bp[d] = opening_bp + (scarce_bp - in_opening_bp);
        weighted += need * own_bp;
        borrowed += need;
        if (need > 0.0) lowest = min(lowest, own_bp), highest = max(highest, own_bp);
    }
    double average_bp = opening_bp - in_opening_bp;
    if (borrowed > 0.0) average_bp = min(max(weighted / borrowed, lowest), highest);
    lowest = highest = average_bp;
    each_dealer(d) {
        if (s->dealers.from_lenders[d] <= 0.0) s->dealers.repo_bp[d] = average_bp;
        s->dealers.over_average_bp[d] = s->dealers.repo_bp[d] - average_bp;
        lowest = min(lowest, s->dealers.repo_bp[d]);
        highest = max(highest, s->dealers.repo_bp[d]);
    }
    s->seen.repo_lowest_bp[0] = lowest;
    s->seen.repo_highest_bp[0] = highest;
    double extra_cost_bp = s->dealers.cost_bp[0] - p->opening.dealers.cost_bp[0];
    OVER(g, s->fundings.policy_rate) {
        double here_bp = p->opening.fundings.repo_spread_bp[g];
        s->fundings.wholesale_bp[g] = here_bp + (average_bp - opening_bp);
        double dearer_bp = s->fundings.wholesale_bp[g] - here_bp;
        s->fundings.client_bp[g] = here_bp + dearer_bp + s->others.unnetted_share[0] * extra_cost_bp;
    }
    double *over = s->funds.repo_over_average_bp;
    each_fund(i) over[i] = 0.0;
    if (highest == lowest) return;
    each_dealer(d) {
        const double *share = ROW(p->opening.funds.client_share, d), own_bp = s->dealers.over_average_bp[d];
        each_fund(i) over[i] += share[i] * own_bp;
    }
}

static void fund_dealers(Terms p, Books s, const Schedule *sched, int64_t day, double noise) {
    double facility_bn = s->others.facility_bn[0], planned = plan_facility(p, s, facility_bn), all = 0.0;
    lend_to_funds(p, s);
    double held = bonds_at_risk(p, s), other_repo = s->dealers.other_repo[0];
    each_dealer(d) {
        double limit = limit_of(p, s, d), share = s->dealers.share[d];
        double repo = fabs(s->dealers.lent_to_funds[d]) + other_repo * share;
        all += limit;
        s->dealers.use[d] = balance_sheet_use(share * held, repo, s->others.unnetted_share[0], limit);
    }
    s->dealers.limit_bn[0] = all;
    double book = s->accounts.cash[DEALERS] + s->dealers.posted[0] + other_repo;
    const double *bonds = bonds_of_dealers(p, s);
    each_bucket(b) book += bonds[b] * s->buckets.price[b];
    double paid = sched->paid_to_government_bn[day], limits = p->opening.lenders.limits_bn[0];
    s->others.drained[0] =
        s->others.drained[0] * pow(0.5, 1.0 / p->lenders.drain_half_life) + p->lenders.drain_share * paid;
    double drained = limits <= 0.0 ? 0.0 : min(1.0, s->others.drained[0] / limits), missing = 0.0;
    each_dealer(d) {
        s->dealers.taken[d] = s->dealers.gap[d] = s->dealers.needed[d] = 0.0;
        s->dealers.offer[d] = offer_to(p, s, d, ROW(sched->lender_withdrawal, day)[d], drained, noise);
        if (s->dealers.alive[d] == 1.0) {
            double need = s->dealers.lent_to_funds[d] + s->dealers.share[d] * book - s->dealers.capital[d];
            s->dealers.needed[d] = need + s->dealers.buffer_used[0] * s->dealers.share[d];
            double beyond_facility = s->dealers.needed[d] - s->dealers.at_facility[d];
            s->dealers.gap[d] = max(0.0, beyond_facility - s->dealers.offer[d]);
            missing += s->dealers.gap[d];
        }
    }
    double served = missing > 0.0 ? max(0.0, min(missing, facility_bn - planned)) / missing : 0.0;
    double buffer = 0.0, at_facility = 0.0;
    each_dealer(d) {
        double lent = served * s->dealers.gap[d];
        s->dealers.at_facility[d] += lent;
        at_facility += s->dealers.at_facility[d];
        if (s->dealers.alive[d] == 1.0) {
            double own = min(s->dealers.gap[d] - lent, p->opening.dealers.cash_bn[0] * s->dealers.share[d]);
            buffer += own;
            ration_clients(p, s, d, s->dealers.gap[d] - lent - own);
        }
        s->dealers.from_lenders[d] = max(0.0, s->dealers.needed[d] - s->dealers.at_facility[d]);
    }
    double change = at_facility - s->others.facility[0];
    s->others.facility[0] = at_facility;
    s->dealers.borrowed[0] -= change;
    s->others.lent[0] -= change;
    pay(s, CENTRAL_BANK, LENDERS, change);
    s->dealers.buffer_used[0] = buffer;
    price_repo(p, s);
}

static void roll_repo(Terms p, Books s) {
    double *change = s->scratch.first, *added = s->scratch.second;
    double matured = 1.0 / p->funds.term_repo, minimum = s->others.haircut_minimum[0];
    double by_equity = p->funds.haircut_weak_equity, tolerance = p->funds.haircut_weak_tolerance;
    const double *floor = p->opening.funds.haircut_floor, *remarked = p->opening.funds.remarked_share;
    const double *cut = s->funds.cut, *equity = s->funds.equity, *opening_equity = p->opening.funds.equity_bn;
    each_fund(i) {
        change[i] = 0.0;
        added[i] = by_equity * min(1.0, max(0.0, 1.0 - equity[i] / opening_equity[i] - tolerance));
    }
    double *by_haircuts = ROW(s->orders.call, HAIRCUT), *roll_over = ROW(s->orders.call, ROLL_OVER);
    double *collateral = ROW(s->orders.call, COLLATERAL);
    each_trade(j) {
        int64_t b = BUCKET_OF(j);
        double fear = p->funds.haircut_slope * (s->buckets.volatility_ratio[b] - 1.0), price = s->buckets.price[b];
        const double *base = ROW(p->opening.funds.haircut, j), *packages = ROW(s->funds.packages, j);
        const double *free = ROW(s->funds.unencumbered, j);
        double *loan = ROW(s->funds.loan, j), *in_force = ROW(s->funds.haircut, j);
        each_fund(i) {
            double asked = max(max(floor[i], minimum), base[i] + fear + added[i]), value = price * packages[i];
            double by_haircut = remarked[i] * (in_force[i] - asked) * (value - price * free[i]);
            double refused = min(cut[i], remarked[i] + (1.0 - remarked[i]) * matured) * max(0.0, loan[i]);
            double gap = (1.0 - asked) * value - loan[i] - by_haircut;
            double restruck = gap * matured * (cut[i] <= 0.0 ? 1.0 : 0.0);
            in_force[i] = asked;
            loan[i] += by_haircut - refused + restruck;
            by_haircuts[i] -= by_haircut;
            roll_over[i] += refused;
            collateral[i] -= restruck;
            change[i] += by_haircut - refused + restruck;
        }
    }
    double lent = TOTAL(change);
    s->dealers.fund_repo[0] += lent;
    pay(s, DEALERS, FUNDS, lent);
}

/* ---- margins and calls ---- */

static double at_risk(Terms p, int64_t h, double volatility_bp) {
    double period = p->opening.hedges.margin_period[h];
    return p->clearing_house.confidence * volatility_bp * sqrt(period) * p->opening.hedges.price_per_bp[h];
}

static void set_margins(Terms p, Books s, const Schedule *sched, int64_t day) {
    each_hedge(h) {
        double floor = p->opening.hedges.margin_floor[h] * s->others.margin_minimum[0];
        double highest = max(s->hedges.model_margin[h] * (1.0 + p->clearing_house.largest_daily_rise), floor);
        s->hedges.model_margin[h] = min(max(at_risk(p, h, s->hedges.volatility_bp[h]), floor), highest);
        double asked = s->hedges.model_margin[h] * ROW(sched->margin_multiple, day)[h];
        s->hedges.margin[h] = min(asked, s->hedges.value[h]);
    }
}

static void call_initial_margin(Terms p, Books s) {
    double *needed = s->scratch.first, *posted = s->funds.posted, *call = ROW(s->orders.call, INITIAL_MARGIN);
    each_fund(i) needed[i] = 0.0;
    each_trade(j) {
        double rate = s->hedges.margin[HEDGE_OF(j)] * p->opening.funds.margin_factor[0];
        const double *packages = ROW(s->funds.packages, j), *ratio = ROW(p->opening.funds.hedge_ratio, j);
        each_fund(i) needed[i] += rate * fabs(packages[i] * ratio[i]);
    }
    double before = TOTAL(posted);
    each_fund(i) {
        call[i] += needed[i] - posted[i];
        posted[i] = needed[i];
    }
    pay(s, FUNDS, CLEARING_HOUSE, TOTAL(posted) - before);
}

static double worth_of_other(Terms p, Books s, double exposure) {
    double change = p->funds.other_equity * s->others.equity_change[0];
    change -= p->funds.other_credit * s->others.credit_change_bp[0] / 100.0;
    return max(0.0, 1.0 + exposure * change);
}

static void call_other_losses(Terms p, Books s) {
    double *called = s->scratch.first, *other = s->funds.other, *marked = s->funds.other_marked;
    double *call = ROW(s->orders.call, OTHER_STRATEGIES), settled = p->funds.other_margin;
    const double *exposure = p->opening.funds.other_exposure;
    each_fund(i) {
        double worth = worth_of_other(p, s, exposure[i]), value = other[i] * worth;
        called[i] = worth > 0.0 ? settled * (marked[i] - value) : 0.0;
        other[i] += called[i] / (worth > 0.0 ? worth : 1.0);
        marked[i] = value + called[i];
        call[i] += called[i];
    }
    pay(s, FUNDS, END_INVESTORS, TOTAL(called));
}

static double drawdown(double equity, double peak) { return peak <= 0.0 ? 0.0 : max(0.0, 1.0 - equity / peak); }

static void ask_fund_redemptions(Terms p, Books s, double demanded) {
    double *due = s->scratch.first, *pending = s->funds.pending_redemption, *call = ROW(s->orders.call, REDEMPTION);
    const double *equity = s->funds.equity, *peak = s->funds.peak_equity, *alive = s->funds.alive;
    const double *opening_equity = p->opening.funds.equity_bn;
    double tolerance = p->funds.redemption_tolerance, response = p->funds.redemption_response;
    double notice = p->funds.redemption_notice;
    each_fund(i) {
        double loss = drawdown(equity[i], peak[i]);
        double asked = response / MONTH * max(0.0, loss - tolerance) * max(0.0, equity[i]);
        double waiting = pending[i] + alive[i] * asked, paid = waiting / notice;
        pending[i] = waiting - paid;
        due[i] = alive[i] * min(paid + demanded * opening_equity[i], max(0.0, equity[i]));
        call[i] += due[i];
    }
    double all = TOTAL(due);
    pay(s, FUNDS, OUTSIDE, all);
    s->seen.fund_redemptions[0] += all;
}

static void value_funds(Terms p, Books s) {
    double *own = s->scratch.first, *equity = s->funds.equity;
    const double *call = s->orders.call, *cash = s->funds.cash, *posted = s->funds.posted, *other = s->funds.other;
    const double *drawn = s->funds.drawn, *bridge = s->funds.bridge, *exposure = p->opening.funds.other_exposure;
    int64_t funds = s->funds.cash_size[0];
    each_fund(i) own[i] = 0.0;
    each_trade(j) {
        double price = s->buckets.price[BUCKET_OF(j)];
        const double *packages = ROW(s->funds.packages, j), *loan = ROW(s->funds.loan, j);
        each_fund(i) own[i] += price * packages[i] - loan[i];
    }
    each_fund(i) {
        double called = 0.0;
        for (int64_t c = 0; c < CALL_COUNT; c++) called += call[c * funds + i];
        double kept = other[i] * worth_of_other(p, s, exposure[i]);
        equity[i] = cash[i] - called + posted[i] + own[i] + kept - (drawn[i] + bridge[i]);
    }
}

/* Returns how many funds their cash did not suffice. */
static int64_t settle_calls(Books s) {
    double *cash = s->funds.cash, *call = s->orders.call, *called = s->seen.called;
    int64_t funds = s->funds.cash_size[0], missed = 0;
    each_fund(i) {
        double left = cash[i];
        for (int64_t c = 0; c < CALL_COUNT; c++) {
            left -= call[c * funds + i];
            called[c * funds + i] += max(0.0, call[c * funds + i]);
        }
        cash[i] = left;
    }
    each_fund(i) missed += cash[i] < 0.0;
    empty(call, CALL_COUNT * funds);
    return missed;
}

static int64_t funds_that_fall(Terms p, Books s) {
    const double *equity = s->funds.equity, *peak = s->funds.peak_equity;
    double trigger = p->funds.nav_trigger;
    int64_t fallen = 0;
    each_fund(i) fallen += (drawdown(equity[i], peak[i]) >= trigger) | (equity[i] <= 0.0);
    return fallen;
}

/* ---- orders ---- */

static void limit_books(Terms p, Books s, double *allowed) {
    double *book = s->scratch.first, *risk = s->scratch.second;
    each_fund(i) book[i] = risk[i] = 0.0;
    each_trade(j) {
        int64_t b = BUCKET_OF(j);
        double price = s->buckets.price[b];
        double weight = p->opening.hedges.risk_per_face[HEDGE_OF(j)] * s->buckets.volatility_ratio[b];
        const double *packages = ROW(s->funds.packages, j);
        each_fund(i) {
            double face = fabs(packages[i]);
            book[i] += face * price;
            risk[i] += face * weight;
        }
    }
    const double *equity = s->funds.equity, *peak = s->funds.peak_equity, *cash = s->funds.cash;
    const double *drawn = s->funds.drawn, *line = p->opening.funds.line_bn, *opening_cash = p->opening.funds.cash_bn;
    const double *leverage = p->opening.funds.leverage, *leverage_headroom = p->opening.funds.leverage_headroom;
    const double *risk_of_equity = p->opening.funds.risk_of_equity, *risk_headroom = p->opening.funds.risk_headroom;
    double tolerance = p->funds.drawdown_tolerance, response = p->funds.drawdown_response;
    double minimum = p->funds.cash_minimum;
    each_fund(i) {
        double most = leverage[i] * (1.0 + leverage_headroom[i]) * equity[i];
        double own = book[i] <= max(0.0, most) ? 1.0 : max(0.0, most / book[i]);
        double most_risk = risk_of_equity[i] * (1.0 + risk_headroom[i]) * equity[i];
        own = min(own, risk[i] <= max(0.0, most_risk) ? 1.0 : max(0.0, most_risk / risk[i]));
        double excess = max(0.0, drawdown(equity[i], peak[i]) - tolerance);
        own = min(own, max(0.0, 1.0 - response * excess));
        double free = cash[i] + line[i] - drawn[i], least = minimum * (opening_cash[i] + line[i]);
        allowed[i] = min(own, least <= 0.0 || free >= least ? 1.0 : max(0.0, free / least));
    }
}

static void choose_positions(Terms p, Books s) {
    double *allowed = s->scratch.eighth, *spare = s->scratch.first, *free = s->scratch.second, *cut = s->scratch.third;
    double *chosen = s->scratch.fourth, *bought = s->scratch.fifth, *wealth = s->scratch.sixth;
    double *part = s->scratch.seventh, speed = p->funds.entry_speed, cut_speed = p->funds.cut_speed;
    double minimum = p->funds.cash_minimum, elasticity_bp = p->funds.entry_elasticity;
    const double *cash = s->funds.cash, *alive = s->funds.alive, *equity = s->funds.equity, *cuts = s->funds.cut;
    const double *opening_equity = p->opening.funds.equity_bn, *opening_cash = p->opening.funds.cash_bn;
    const double *own_bp = s->funds.repo_over_average_bp;
    limit_books(p, s, allowed);
    each_fund(i) {
        spare[i] = speed * (cuts[i] <= 0.0 ? max(0.0, cash[i] - minimum * opening_cash[i]) : 0.0);
        wealth[i] = equity[i] / opening_equity[i];
        double acts = alive[i] * (cash[i] >= 0.0 ? 1.0 : 0.0);
        free[i] = acts * (allowed[i] >= 1.0 ? 1.0 : 0.0);
        part[i] = acts * (cut_speed * max(0.0, 1.0 - allowed[i]));
    }
    each_trade(j) {
        int64_t b = BUCKET_OF(j), h = HEDGE_OF(j), g = p->opening.trades.funding_of[j];
        double extra_repo_bp = s->fundings.client_bp[g] - p->opening.fundings.repo_spread_bp[g];
        double extra_bp = EXTRA_BP(h), price = s->buckets.price[b], cost = p->opening.trades.transaction_cost[j];
        double margin = s->hedges.margin[h] * p->opening.funds.margin_factor[0];
        const double *packages = ROW(s->funds.packages, j), *haircut = ROW(s->funds.haircut, j);
        const double *opening = ROW(p->opening.funds.packages_bn, j);
        double *order = ROW(s->orders.packages, j);
        each_fund(i) {
            double direction = opening[i] >= 0.0 ? 1.0 : -1.0;
            double pays = direction * ((extra_bp - (extra_repo_bp + own_bp[i])) * (1.0 / elasticity_bp));
            double wanted = opening[i] * max(0.0, wealth[i]) * max(0.0, 1.0 + pays);
            double gap = speed * (wanted - packages[i]);
            double tied_up = max(0.0, haircut[i]) * price + margin + cost;
            double entry = min(fabs(gap), max(0.0, spare[i]) / max(tied_up, SMALL));
            double enters = gap * opening[i] > 0.0 ? 1.0 : 0.0;
            bought[i] = free[i] * enters * entry;
            chosen[i] = free[i] * (1.0 - enters) * fabs(gap);
            cut[i] = part[i] * fabs(packages[i]);
            spare[i] -= bought[i] * tied_up;
            double moved = bought[i] + chosen[i];
            order[i] = (gap >= 0.0 ? moved : -moved) - part[i] * packages[i];
        }
        double by_limit = TOTAL(cut), by_choice = TOTAL(chosen);
        s->seen.sold_by_channel[RISK_LIMIT] += by_limit;
        s->seen.sold_by_channel[CHOICE] += by_choice;
        s->seen.sold[j] += by_limit + by_choice;
        s->seen.bought[j] += TOTAL(bought);
        s->orders.exist[j] = 1.0;
    }
}

static void gather_orders(Terms p, Books s) {
    double *hedges = s->scratch.first;
    each_trade(j) {
        const double *order = ROW(s->orders.packages, j), *ratio = ROW(p->opening.funds.hedge_ratio, j);
        s->orders.bonds[j] = s->orders.hedges[j] = 0.0;
        if (s->orders.exist[j] == 0.0) continue;
        each_fund(i) hedges[i] = order[i] * ratio[i];
        s->orders.bonds[j] = TOTAL(order);
        s->orders.hedges[j] = TOTAL(hedges);
    }
}

static void execute_orders(Terms p, Books s) {
    double *repo = s->scratch.first, *costs = s->scratch.second, *cash = s->funds.cash, *posted = s->funds.posted;
    double cash_before = TOTAL(cash), posted_before = TOTAL(posted);
    each_fund(i) repo[i] = costs[i] = 0.0;
    each_trade(j) {
        if (s->orders.exist[j] == 0.0) continue;
        double price = s->buckets.price[BUCKET_OF(j)], cost_rate = p->opening.trades.transaction_cost[j] * price;
        double rate = s->hedges.margin[HEDGE_OF(j)] * p->opening.funds.margin_factor[0];
        double *loan = ROW(s->funds.loan, j), *packages = ROW(s->funds.packages, j);
        double *order = ROW(s->orders.packages, j), *free = ROW(s->funds.unencumbered, j);
        const double *ratio = ROW(p->opening.funds.hedge_ratio, j), *haircut = ROW(s->funds.haircut, j);
        each_fund(i) {
            double held = packages[i], change = fabs(held + order[i]) < 1e-13 ? -held : order[i];
            double sells = change * held < 0.0 ? 1.0 : 0.0;
            double unpledged = free[i] != held ? free[i] : 0.0, pledged = held - unpledged;
            double repaid = pledged == 0.0 ? 0.0 : loan[i] * max(0.0, (-change - unpledged) / pledged);
            double lent = sells == 1.0 ? -repaid : (1.0 - haircut[i]) * price * change;
            free[i] -= min(free[i], max(0.0, -change));
            double after = held + change, margin = rate * fabs(ratio[i]) * (fabs(after) - fabs(held));
            double cost = sells * cost_rate * fabs(change);
            packages[i] = after;
            loan[i] += lent;
            posted[i] += margin;
            cash[i] += lent - change * price - margin - cost;
            repo[i] += lent;
            costs[i] += cost;
            order[i] = 0.0;
        }
        s->trades.fund_bonds[j] += s->orders.bonds[j];
        s->trades.fund_hedges[j] += s->orders.hedges[j];
        s->orders.exist[j] = 0.0;
    }
    double lent = TOTAL(repo), cost = TOTAL(costs);
    s->dealers.fund_repo[0] += lent;
    double margin = TOTAL(posted) - posted_before;
    pay(s, DEALERS, FUNDS, margin + (TOTAL(cash) - cash_before));
    pay(s, FUNDS, CLEARING_HOUSE, margin);
    charge(s, cost);
}

/* ---- asset managers and other flows ---- */

static double bonds_value(Books s, int64_t a) {
    double value = 0.0;
    each_bucket(b) value += ROW(s->managers.bonds, b)[a] * s->buckets.price[b];
    return value;
}

static double bonds_for_futures(Terms p, Books s) {
    double value = 0.0;
    each_hedge(h) value += s->hedges.given_up[h] * s->buckets.price[BUCKET_OF_HEDGE(h)];
    return value;
}

static double over_a_month(double previous, double today) { return previous + (today - previous / MONTH); }

static void redeem_from_managers(Terms p, Books s, double demanded) {
    each_hedge(h) {
        double today = s->hedges.waiting[h] / p->asset_managers.futures_lag;
        s->hedges.waiting[h] -= today;
        s->hedges.wanted[h] += today;
    }
    double held = bonds_for_futures(p, s), wanted_in_all = 0.0, volatility = s->others.volatility_multiple[0];
    each_manager(a) {
        double bonds = bonds_value(s, a), sensitivity = p->opening.managers.sensitivity[a];
        double fear = sensitivity * p->asset_managers.volatility_redemption;
        fear *= max(0.0, volatility - p->asset_managers.volatility_tolerance);
        double by_loss = sensitivity * p->asset_managers.loss_redemption / MONTH * -s->managers.month_return[a];
        double redeemed = max(0.0, s->managers.cash[a] + bonds + s->managers.other[a]) * (fear + by_loss);
        redeemed += demanded * p->opening.managers.value_bn[a];
        s->managers.month_outflow[a] = over_a_month(s->managers.month_outflow[a], redeemed);
        double hoarded = p->asset_managers.cash_hoarding * max(0.0, s->managers.month_outflow[a]);
        double wanted = p->opening.managers.cash_bn[a] + hoarded;
        held += s->managers.cash[a];
        wanted_in_all += wanted;
        double raised = redeemed + p->asset_managers.cash_speed * (wanted - s->managers.cash[a]);
        double most = p->asset_managers.treasury_pace * max(0.0, bonds);
        double from_bonds = min(most, p->asset_managers.treasury_use * raised);
        double part = bonds > 0.0 ? from_bonds / bonds : 0.0, from_other = raised - from_bonds;
        each_bucket(b) ROW(s->orders.manager_sale, b)[a] = part * ROW(s->managers.bonds, b)[a];
        s->managers.other[a] -= from_other;
        pay(s, END_INVESTORS, MANAGERS, from_other);
        s->managers.cash[a] += from_other - redeemed;
        pay(s, MANAGERS, OUTSIDE, redeemed);
        s->managers.flow[a] -= redeemed;
        s->seen.manager_redemptions[0] += redeemed;
        double dropped = p->asset_managers.futures_cut * redeemed / p->opening.managers.value_bn[a];
        each_hedge(h) s->hedges.waiting[h] -= dropped * p->opening.managers.share[a] * p->opening.hedges.demand_bn[h];
    }
    double response = wanted_in_all <= 0.0 ? 1.0 : min(1.0, max(0.1, 2.0 * held / wanted_in_all - 1.0));
    s->managers.price_response[0] = response;
    double *sold = s->scratch.by_bucket;
    each_bucket(b) {
        sold[b] = 0.0;
        each_manager(a) sold[b] += ROW(s->orders.manager_sale, b)[a];
    }
    each_hedge(h) {
        double kept = p->asset_managers.duration_kept * sold[BUCKET_OF_HEDGE(h)];
        s->hedges.wanted[h] += p->opening.hedges.share_of_bucket[h] * kept;
    }
}

static void adjust_other_hedgers(Terms p, Books s) {
    each_hedge(h) {
        double opening = p->opening.hedges.margin[h], now = s->hedges.margin[h];
        double ratio = opening > 0.0 && now > 0.0 ? now / opening : 1.0, steady = p->opening.hedges.steady_bn[h];
        double others = p->opening.hedges.other_hedgers_bn[h] - steady - p->opening.hedges.protection_sold_bn[h];
        double held = others * pow(ratio, -p->other_hedgers.margin_response);
        s->orders.others_next[h] = steady + s->hedges.protection[h] + held;
    }
}

static void sell_from_abroad(Terms p, Books s, const Schedule *sched, int64_t day, double noise) {
    double over = max(0.0, s->others.volatility_multiple[0] - p->foreign_holders.volatility_tolerance);
    each_bucket(b) {
        double holdings = s->buckets.foreign_bonds[b];
        double by_fear = max(0.0, holdings) * p->foreign_holders.volatility_sale * over;
        s->orders.foreign_sale[b] = min(ROW(sched->foreign_sale_bn, day)[b] + by_fear + noise * holdings, holdings);
        s->seen.foreign_sales[0] += s->orders.foreign_sale[b];
    }
}

static void cover_managers(Books s) {
    each_manager(a) {
        double missing = max(0.0, -s->managers.cash[a]);
        s->managers.cash[a] += missing;
        s->managers.other[a] -= missing;
        pay(s, END_INVESTORS, MANAGERS, missing);
    }
}

/* ---- the clearing ---- */

static double demand_slope(Terms p, Books s, int64_t h) {
    return p->opening.hedges.demand_slope_bp_per_bn[h] / s->managers.price_response[0];
}

static double side_of_market(Terms p, double dealers, double size) {
    return max(-1.0, min(1.0, dealers / (p->dealers.full_side * size)));
}

static double dislocation_at(Terms p, Books s, int64_t h, double shorts, double cost_bp) {
    double opening_bp = p->opening.hedges.dislocation_bp[h], slope = demand_slope(p, s, h);
    double own_slope = p->opening.hedges.package_slope_bp_per_bn[h], loading = p->opening.hedges.cost_loading[h];
    double choke_bp = opening_bp + slope * s->hedges.wanted[h];
    double opening_cost_bp = loading * p->opening.hedges.side[h] * p->opening.dealers.cost_bp[0];
    double financing_bp = s->fundings.wholesale_bp[0] - p->opening.fundings.repo_spread_bp[0];
    double outright_bp = p->opening.hedges.outright_share[h] * s->buckets.pressure_bp[BUCKET_OF_HEDGE(h)];
    double offset_bp = opening_bp - opening_cost_bp - own_slope * p->opening.hedges.dealer_packages_bn[h];
    offset_bp += p->opening.hedges.financing_loading[h] * financing_bp + outright_bp;
    double margins_bp = s->hedges.margin_cost_bp[h] - p->opening.hedges.margin_cost_bp[h];
    double residual = choke_bp / slope - (shorts - s->orders.others_next[h]);
    double signed_cost_bp = loading * s->hedges.side[h] * cost_bp, passed = 1.0 + own_slope / slope;
    double clearing_bp = (offset_bp + signed_cost_bp + own_slope * residual) / passed;
    double with_margins_bp = (offset_bp + margins_bp + signed_cost_bp + own_slope * residual) / passed;
    double impact_bp = p->dealers.impact_scale * (clearing_bp - opening_bp);
    return opening_bp + impact_bp + (with_margins_bp - clearing_bp);
}

static void add_up_inventory(Terms p, Books s, const double *shorts) {
    double *bonds = s->orders.inventory_next, *sold = s->scratch.by_bucket;
    each_bucket(b) bonds[b] = s->buckets.inventory[b];
    each_hedge(h) bonds[BUCKET_OF_HEDGE(h)] += s->hedges.dealer_packages[h];
    each_trade(j) bonds[BUCKET_OF(j)] -= s->orders.bonds[j];
    each_hedge(h) bonds[BUCKET_OF_HEDGE(h)] += s->hedges.estate[h] * s->orders.estate_sold[h];
    each_bucket(b) {
        sold[b] = s->orders.foreign_sale[b] + s->orders.auction_left[b] - s->orders.outright[b];
        sold[b] -= s->orders.retired[b];
    }
    each_hedge(h) sold[BUCKET_OF_HEDGE(h)] -= s->orders.hedged[h];
    each_bucket(b) {
        bonds[b] += sold[b];
        each_manager(a) bonds[b] += ROW(s->orders.manager_sale, b)[a];
    }
    each_hedge(h) {
        int64_t b = BUCKET_OF_HEDGE(h);
        bonds[b] = bonds[b] + s->hedges.given_up[h] - s->hedges.wanted[h] - s->orders.others_next[h] + shorts[h];
    }
}

static double cost_at_clearing_bp(Terms p, double use, double per_bp) {
    double below = p->dealers.cost_below, above = p->dealers.cost_above, threshold = p->dealers.cost_threshold;
    double flat_bp = below * use / (1.0 + below * per_bp);
    if (use - per_bp * flat_bp <= threshold) return min(p->dealers.cost_ceiling, flat_bp);
    return min(p->dealers.cost_ceiling, (above * use - (above - below) * threshold) / (1.0 + above * per_bp));
}

static double balance_sheet_cost(Terms p, Books s, double packages, double given_up_per_bp) {
    double limit = s->dealers.limit_bn[0], opening_bp = p->opening.dealers.cost_bp[0], held = 0.0;
    if (limit <= 0.0) return opening_bp;
    double lent = s->dealers.fund_repo[0], *bonds = s->scratch.by_bucket;
    each_trade(j) lent += s->orders.bonds[j] * s->buckets.price[BUCKET_OF(j)];
    double repo = fabs(lent) + s->dealers.other_repo[0];
    each_bucket(b) bonds[b] = fabs(s->orders.inventory_next[b]);
    each_hedge(h) bonds[BUCKET_OF_HEDGE(h)] += fabs(s->hedges.estate[h]);
    each_bucket(b) held += bonds[b] * s->buckets.price[b];
    double fixed = s->others.unnetted_share[0] * repo + held;
    double use = (fixed + packages + given_up_per_bp * opening_bp) / limit;
    return cost_at_clearing_bp(p, use, given_up_per_bp / limit);
}

static double inventory_cost(Terms p, Books s) {
    double risk = 0.0, capital = 0.0, opening_capital = 0.0, use = 0.0, opening_risk = p->opening.dealers.risk_bn[0];
    each_bucket(b) {
        double held = fabs(s->orders.inventory_next[b]);
        risk += held * p->opening.buckets.price_per_bp[b] * s->buckets.priced_volatility_bp[b];
    }
    each_dealer(d) {
        capital += max(0.0, s->dealers.capital[d]) * (1.0 - s->dealers.limit_cut[d]);
        opening_capital += p->opening.dealers.capital_bn[d];
    }
    double share = capital / opening_capital, below = p->dealers.cost_below;
    if (opening_risk > 0.0 && share > 0.0)
        use = min(1.0, p->dealers.value_at_risk_use * risk / (opening_risk * share));
    double over = max(0.0, use - p->dealers.cost_threshold);
    double cost_bp = min(p->dealers.cost_ceiling, below * use + (p->dealers.cost_above - below) * over);
    return max(s->dealers.cost_bp[0], cost_bp);
}

static double pressure_at(Terms p, Books s, int64_t b) {
    double premium_bp = 0.0, scale = p->dealers.impact_scale;
    double averse = p->opening.dealers.risk_aversion_per_bn[0] * s->buckets.priced_volatility_bp[b];
    each_bucket(other) {
        double excess = s->orders.inventory_next[other] - s->buckets.inventory_wanted[other];
        double risk = s->buckets.priced_volatility_bp[other] * p->opening.buckets.price_per_bp[other] * excess;
        premium_bp += averse * ROW(p->opening.buckets.correlation, b)[other] * risk;
    }
    double extra_cost_bp = s->dealers.side[0] * s->dealers.inventory_cost_bp[0];
    extra_cost_bp -= p->opening.dealers.side[0] * p->opening.dealers.inventory_cost_bp[0];
    double loading = scale * p->opening.buckets.cost_loading[b];
    return s->buckets.permanent_bp[b] + loading * extra_cost_bp + scale * premium_bp;
}

static void clear_markets(Terms p, Books s) {
    double *shorts = s->scratch.by_hedge, held = 0.0, packages = 0.0, given_up_per_bp = 0.0;
    double opening_cost_bp = p->opening.dealers.cost_bp[0];
    each_hedge(h) shorts[h] = 0.0;
    each_trade(j) shorts[HEDGE_OF(j)] += s->trades.fund_hedges[j] + s->orders.hedges[j];
    each_hedge(h) {
        double estate = s->hedges.estate_hedges[h] * (1.0 - s->orders.estate_sold[h]);
        shorts[h] = shorts[h] + estate + s->hedges.central_packages[h] + s->orders.hedged[h];
        s->hedges.side[h] = side_of_market(p, s->hedges.dealer_packages[h], p->opening.hedges.size_bn[h]);
    }
    each_bucket(b) held += s->buckets.inventory[b] * p->opening.buckets.price_per_bp[b];
    s->dealers.side[0] = side_of_market(p, held, p->opening.dealers.inventory_size[0]);
    add_up_inventory(p, s, shorts);
    each_hedge(h) {
        double price = s->buckets.price[BUCKET_OF_HEDGE(h)], slope = demand_slope(p, s, h);
        double extra_bp = dislocation_at(p, s, h, shorts[h], opening_cost_bp) - p->opening.hedges.dislocation_bp[h];
        double futures = s->hedges.wanted[h] - extra_bp / slope;
        packages += fabs(futures + s->orders.others_next[h] - shorts[h]) * price;
        double per_bp = p->dealers.impact_scale * p->opening.hedges.cost_loading[h] * fabs(s->hedges.side[h]);
        given_up_per_bp += per_bp * price / (p->opening.hedges.package_slope_bp_per_bn[h] + slope);
    }
    s->dealers.cost_bp[0] = balance_sheet_cost(p, s, packages, given_up_per_bp);
    s->dealers.inventory_cost_bp[0] = inventory_cost(p, s);
    each_bucket(b) s->buckets.pressure_bp[b] = pressure_at(p, s, b);
    each_bucket(b) s->buckets.basis_bp[b] = 0.0;
    each_hedge(h) {
        double cleared_bp = dislocation_at(p, s, h, shorts[h], s->dealers.cost_bp[0]);
        s->hedges.dislocation_bp[h] = max(cleared_bp, p->opening.hedges.lowest_dislocation_bp[h]);
        s->orders.managers_next[h] = s->hedges.wanted[h] - EXTRA_BP(h) / demand_slope(p, s, h);
        s->orders.dealer_packages_next[h] = s->orders.managers_next[h] + s->orders.others_next[h] - shorts[h];
    }
    each_hedge(h) {
        int64_t b = BUCKET_OF_HEDGE(h);
        double extra_bp = EXTRA_BP(h) - p->opening.hedges.outright_share[h] * s->buckets.pressure_bp[b];
        s->buckets.basis_bp[b] += p->opening.hedges.cash_bp_per_dislocation_bp[h] * extra_bp;
    }
}

static void transfer(Terms p, Books s) {
    double replacements = 0.0;
    each_hedge(h) {
        double price = s->buckets.price[BUCKET_OF_HEDGE(h)];
        double given_up = s->hedges.wanted[h] - s->orders.managers_next[h], hedged = s->orders.hedged[h];
        replacements += (given_up - s->hedges.given_up[h]) * price;
        s->hedges.given_up[h] = given_up;
        s->hedges.central_packages[h] += hedged;
        pay(s, CENTRAL_BANK, DEALERS, hedged * price);
        s->hedges.estate[h] -= s->orders.estate_sold[h] * s->hedges.estate[h];
        s->hedges.estate_hedges[h] -= s->orders.estate_sold[h] * s->hedges.estate_hedges[h];
        s->hedges.managers[h] = s->orders.managers_next[h];
        s->hedges.others[h] = s->orders.others_next[h];
        s->hedges.dealer_packages[h] = s->orders.dealer_packages_next[h];
        s->orders.hedged[h] = s->orders.estate_sold[h] = 0.0;
    }
    pay(s, MANAGERS, DEALERS, replacements);
    share_among_managers(p, s, -replacements);
    each_bucket(b) {
        double price = s->buckets.price[b], foreign = s->orders.foreign_sale[b], issued = s->orders.auction[b];
        double left = s->orders.auction_left[b], outright = s->orders.outright[b];
        double from_end = s->orders.outright_from_end[b], retired = s->orders.retired[b];
        double retired_from_end = s->orders.retired_from_end[b];
        double paid = price - p->opening.buckets.price_per_bp[b] * s->seen.tail_bp[b];
        s->buckets.foreign_bonds[b] -= foreign;
        pay(s, DEALERS, FOREIGN, foreign * price);
        s->buckets.issued[b] += issued;
        s->buckets.end_bonds[b] += issued - left;
        pay(s, DEALERS, ISSUER, left * paid);
        pay(s, END_INVESTORS, ISSUER, (issued - left) * paid);
        charge(s, left * (price - paid));
        s->buckets.central_bonds[b] += outright + from_end;
        s->buckets.end_bonds[b] -= from_end;
        pay(s, CENTRAL_BANK, DEALERS, outright * price);
        pay(s, CENTRAL_BANK, END_INVESTORS, from_end * price);
        s->buckets.issued[b] -= retired + retired_from_end;
        s->buckets.end_bonds[b] -= retired_from_end;
        pay(s, ISSUER, DEALERS, retired * price);
        pay(s, ISSUER, END_INVESTORS, retired_from_end * price);
        each_manager(a) {
            double sale = ROW(s->orders.manager_sale, b)[a];
            ROW(s->managers.bonds, b)[a] -= sale;
            s->managers.cash[a] += sale * price;
            pay(s, DEALERS, MANAGERS, sale * price);
            ROW(s->orders.manager_sale, b)[a] = 0.0;
        }
        s->buckets.inventory[b] = s->orders.inventory_next[b];
        s->orders.foreign_sale[b] = s->orders.auction[b] = s->orders.auction_left[b] = 0.0;
        s->orders.outright[b] = s->orders.outright_from_end[b] = 0.0;
        s->orders.retired[b] = s->orders.retired_from_end[b] = 0.0;
    }
}

/* ---- the close ---- */

static void post_margins(Terms p, Books s) {
    double dealers = 0.0, managers = 0.0;
    each_hedge(h) {
        dealers += s->hedges.margin[h] * fabs(s->hedges.dealer_packages[h] + s->hedges.estate_hedges[h]);
        managers += s->hedges.margin[h] * fabs(s->hedges.managers[h]);
    }
    pay(s, DEALERS, CLEARING_HOUSE, dealers - s->dealers.posted[0]);
    s->dealers.posted[0] = dealers;
    double called = managers - s->managers.posted[0];
    each_manager(a) s->managers.cash[a] -= p->opening.managers.share[a] * called;
    pay(s, MANAGERS, CLEARING_HOUSE, called);
    s->managers.posted[0] = managers;
}

static void close_day(Terms p, Books s) {
    double change = p->opening.dealers.cash_bn[0] - s->dealers.buffer_used[0] - s->accounts.cash[DEALERS];
    pay(s, LENDERS, DEALERS, change);
    s->dealers.borrowed[0] += change;
    s->others.lent[0] += change;
    double shared = s->managers.posted[0] + bonds_for_futures(p, s);
    each_manager(a) {
        double value = s->managers.cash[a] + bonds_value(s, a) + s->managers.other[a], before = s->managers.value[a];
        value += p->opening.managers.share[a] * shared;
        double earned = before > 0.0 ? (value - s->managers.flow[a]) / before - 1.0 : 0.0;
        s->managers.month_return[a] = over_a_month(s->managers.month_return[a], earned);
        s->managers.value[a] = value;
        s->managers.flow[a] = 0.0;
    }
    double *peak = s->funds.peak_equity, *left = s->funds.other_left;
    const double *equity = s->funds.equity, *other = s->funds.other, *most = p->opening.funds.other_sale_bn;
    each_fund(i) {
        peak[i] = max(peak[i], equity[i]);
        left[i] = min(other[i], most[i]);
    }
    each_hedge(h) {
        double move_bp = (s->hedges.value[h] - s->hedges.value_at_open[h]) / p->opening.hedges.price_per_bp[h];
        double decay = p->clearing_house.decay;
        s->hedges.variance[h] = decay * s->hedges.variance[h] + (1.0 - decay) * move_bp * move_bp;
        s->hedges.value_at_open[h] = s->hedges.value[h];
    }
}

/* ---- the day and the block: 1 while the path is calm ---- */

static int simulate_day(Terms p, Books s, const Schedule *sched, const World *w, int64_t path, int64_t day) {
    const double *noise = w->flow_noise + (path * w->flow_noise_size[1] + day) * w->flow_noise_size[2];
    double on = sched->flow_noise_on[0], average = 0.0;
    observe_world(p, s, sched, w, path, day);
    pass_on_inventory(p, s, sched, day);
    accrue_carry(p, s);
    price_bonds(p, s);
    find_cheapest(p, s);
    settle_prices(p, s);
    fund_dealers(p, s, sched, day, p->lenders.flow_noise * on * noise[LENDER_NOISE]);
    each_fund(i) s->funds.cut[i] = 0.0;
    each_dealer(d) average += s->dealers.taken[d];
    if (average > 0.0) return 0;
    roll_repo(p, s);
    set_margins(p, s, sched, day);
    call_initial_margin(p, s);
    call_other_losses(p, s);
    double by_noise = max(0.0, p->funds.flow_noise * on * noise[FUND_INVESTOR_NOISE]);
    ask_fund_redemptions(p, s, sched->fund_redemption[day] + by_noise);
    double redeemed = p->asset_managers.flow_noise * on * noise[MANAGER_NOISE];
    redeem_from_managers(p, s, sched->manager_redemption[day] + redeemed);
    adjust_other_hedgers(p, s);
    sell_from_abroad(p, s, sched, day, p->foreign_holders.flow_noise * on * noise[FOREIGN_NOISE]);
    value_funds(p, s);
    if (settle_calls(s) + funds_that_fall(p, s) > 0) return 0;
    choose_positions(p, s);
    gather_orders(p, s);
    clear_markets(p, s);
    price_bonds(p, s);
    settle_prices(p, s);
    transfer(p, s);
    execute_orders(p, s);
    value_funds(p, s);
    if (settle_calls(s) + funds_that_fall(p, s) > 0) return 0;
    s->seen.rounds[0] = 2.0;
    cover_managers(s);
    post_margins(p, s);
    cover_managers(s);
    each_dealer(d) if (s->dealers.capital[d] <= 0.0) return 0;
    close_day(p, s);
    return 1;
}

/* Plays the paths of a block from the opening books, and ends each with the day on which it is no longer calm. */
void play_block(Terms p, const Schedule *sched, const World *w, Books s, double *memory, const double *opening,
                int64_t size, int64_t *calm_days) {
    int64_t paths = w->volatility_multiple_size[0], days = w->volatility_multiple_size[1];
    for (int64_t path = 0; path < paths; path++) {
        memcpy(memory, opening, (size_t)size * sizeof *memory);
        each_hedge(h) s->hedges.cheapest[h] = p->opening.hedges.cheapest[h];
        int64_t day = 0;
        while (day < days && simulate_day(p, s, sched, w, path, day)) day++;
        calm_days[path] = day;
    }
}

/* Plays one phase again and again; `phase` is its place in PHASES of calm_day.py. */
void play_phase(int64_t phase, int64_t times, Terms p, const Schedule *sched, Books s) {
    for (; times > 0; times--) switch (phase) {
        case 0: roll_repo(p, s); break;
        case 1:
            each_trade(j) s->orders.exist[j] = 1.0;
            execute_orders(p, s);
            break;
        case 2: settle_prices(p, s); break;
        case 3: choose_positions(p, s); break;
        case 4: value_funds(p, s); break;
        case 5: lend_to_funds(p, s); break;
        case 6: gather_orders(p, s); break;
        case 7: fund_dealers(p, s, sched, 0, 0.0); break;
        case 8: redeem_from_managers(p, s, 0.0); break;
        case 9: clear_markets(p, s); break;
        case 10: price_bonds(p, s); break;
        case 11: find_cheapest(p, s); break;
        case 12: transfer(p, s); break;
        case 13: accrue_carry(p, s); break;
    }
}
