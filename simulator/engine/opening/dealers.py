"""Opening of the dealers and of those who finance them."""

from __future__ import annotations

import numpy as np

from simulator.agents.cash_lender import scarcity_bp
from simulator.engine.opening.day_zero import open_costs
from simulator.engine.opening.population import client_network, lender_network
from simulator.engine.parameters import Parameters
from simulator.engine.state import State
from simulator.inputs.populations import DealerPopulation, FundPopulation
from simulator.model.table import Floats
from simulator.rule import uncompiled
from simulator.scenario.schema import Scenario

#: Dealers' usual inventory is taken to be no less than this share of what is outstanding: $70bn of $13tn in 2020.
SHARE_OF_OUTSTANDING = 0.005


def open_dealers(
    scenario: Scenario,
    p: Parameters,
    s: State,
    dealers: DealerPopulation,
    network: Floats | None,
    added: FundPopulation | None,
) -> None:
    """Dealers' book, clients, limits and capital; capital is what the opening use of their limits needs."""
    d, bank, o = scenario.dealers, scenario.central_bank, p.opening.dealers
    buckets, hedges = p.opening.buckets, p.opening.hedges
    buckets.inventory_bn[:] = [bucket.dealer_inventory for bucket in scenario.market.buckets.values()]
    s.buckets.inventory[:] = buckets.inventory_bn
    shares = dealers.share
    o.share[:] = shares
    o.size_place[np.argsort(-shares, kind="stable")] = np.arange(len(shares))
    s.dealers.share[:] = shares
    s.dealers.alive[:] = 1.0
    s.dealers.other_repo[0] = d.other_repo
    s.others.leverage_relief[0] = 1.0
    owed = s.funds.loan.sum(axis=0)
    clients = client_network(d, len(owed), shares) if network is None else network.copy()
    if added is not None and added.dealer_shares is not None:
        told = ~np.isnan(added.dealer_shares[:, 0])
        clients[len(clients) - added.added :][told] = added.dealer_shares[told]
    p.opening.funds.client_share[:] = clients.T
    lent = p.opening.funds.client_share @ owed
    p.opening.funds.client_weakness[:] = _client_weakness(p.opening.funds.client_share, owed, lent)
    s.others.unnetted_share[0] = d.unnetted_repo * (1.0 - bank.clearing_mandate)
    packages = np.zeros(len(buckets.price))
    np.add.at(packages, hedges.bucket_of, np.abs(hedges.dealer_packages_bn))
    net = buckets.inventory_bn.copy()
    np.add.at(net, hedges.bucket_of, hedges.dealer_packages_bn)
    buckets.dealer_bonds_bn[:] = net
    held, outstanding = np.abs(buckets.inventory_bn), SHARE_OF_OUTSTANDING * buckets.outstanding_bn
    o.inventory_size[0] = max(float(held @ buckets.price_per_bp), float(outstanding @ buckets.price_per_bp))
    s.hedges.dealer_packages[:] = hedges.dealer_packages_bn
    value = float((packages + np.abs(buckets.inventory_bn)) @ buckets.price)
    repo = np.abs(lent) + d.other_repo * shares
    # Policy that nets more repo must not shrink the limit it is meant to relieve.
    opening_use = np.where(np.isnan(dealers.opening_use), d.opening_use, dealers.opening_use)
    limit = (shares * value + d.unnetted_repo * repo) / opening_use
    s.dealers.capital[:] = limit * d.capital_ratio
    o.capital_bn[:] = np.where(s.dealers.capital > 0.0, s.dealers.capital, 1.0)
    open_costs(p, s)
    _open_borrowing(scenario, p, s)


def _open_borrowing(scenario: Scenario, p: Parameters, s: State) -> None:
    """What dealers borrow: their assets and a buffer of cash, less their capital."""
    d, buckets, hedges = scenario.dealers, p.opening.buckets, p.opening.hedges
    s.dealers.posted[0] = float(hedges.margin @ np.abs(hedges.dealer_packages_bn))
    packages = np.zeros(len(buckets.price))
    np.add.at(packages, hedges.bucket_of, hedges.dealer_packages_bn)
    bonds = float((packages + buckets.inventory_bn) @ buckets.price)
    assets = s.dealers.lent_to_funds.sum() + d.other_repo + bonds + s.dealers.posted[0]
    before_buffer = assets - s.dealers.capital.sum()
    p.opening.dealers.cash_bn[0] = d.cash_buffer * max(before_buffer, 0.0)
    s.dealers.borrowed[0] = before_buffer + p.opening.dealers.cash_bn[0]
    s.others.lent[0] = s.dealers.borrowed[0]


def open_lenders(scenario: Scenario, p: Parameters, s: State, network: Floats | None) -> None:
    """What each lender offers each dealer: the opening need and some headroom, by the funding network."""
    lenders, shares = scenario.lenders, p.opening.dealers.share
    if network is None:
        network = lender_network(lenders, shares)
    assets = s.dealers.borrowed[0] + s.dealers.capital.sum() - s.dealers.lent_to_funds.sum()
    needed = s.dealers.lent_to_funds + shares * assets - s.dealers.capital
    offer = network * (np.maximum(needed, 0.0) * (1.0 + lenders.headroom))[:, None]
    p.opening.lenders.offer_bn[:] = offer.T
    p.opening.lenders.limit_bn[:] = p.opening.lenders.offer_bn.sum(axis=0)
    s.dealers.offer[:] = p.opening.lenders.limit_bn
    s.dealers.lenders_limit[:] = 1.0
    s.dealers.needed[:] = needed
    s.dealers.from_lenders[:] = np.maximum(needed, 0.0)
    s.dealers.repo_bp[:] = p.opening.fundings.repo_spread_bp[0]
    s.seen.repo_lowest_bp[:] = s.seen.repo_highest_bp[:] = p.opening.fundings.repo_spread_bp[0]
    p.opening.lenders.limits_bn[0] = s.dealers.offer.sum()
    p.opening.lenders.scarcity_bp[0] = uncompiled(scarcity_bp)(
        float(needed.sum()),
        float(s.dealers.offer.sum()),
        lenders.easy_share,
        lenders.scarcity_at_limit,
        lenders.scarcity_ceiling,
    )


def _client_weakness(client_share: Floats, owed: Floats, lent: Floats) -> Floats:
    """Relative weakness of each client, (dealer, fund): from half the average cut for the largest to one and a half.

    Scaled so that a dealer's cut, averaged over its clients' loans, is the cut it decided.
    """
    rank = np.argsort(np.argsort(-np.abs(owed), kind="stable"), kind="stable")
    raw = 0.5 + rank / max(1, len(owed) - 1)
    average = (client_share * (owed * raw)).sum(axis=1)
    scale = np.divide(lent, average, out=np.ones(len(lent)), where=average != 0.0)
    return scale[:, None] * raw
