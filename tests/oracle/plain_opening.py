"""The opening books as agents: trades, funds, dealers and asset managers, each an object with its own numbers."""

from __future__ import annotations

from types import SimpleNamespace

from simulator.engine.opening import Prepared
from simulator.engine.parameters import IMPACT_FORMS, MARGIN_MEASURES
from simulator.engine.status import RUNNING
from tests.oracle.plain_rules import (
    DEALER_FIELDS,
    FUND_FIELDS,
    MARKET_FIELDS,
    SECTORS,
    TRADE_FIELDS,
    flat,
)


class Opening:
    """A market on its opening day."""

    def __init__(self, prepared: Prepared) -> None:
        state, buffer = prepared.new_scratch()
        buffer[:] = prepared.opening
        s = flat(state)
        self.p = p = flat(prepared.parameters)
        self.plan = flat(prepared.schedule)
        self.impact_form = IMPACT_FORMS[p.impact_form]
        self.margin_measure = MARGIN_MEASURES[p.margin_measure]
        self.status = RUNNING
        self.bond_shift = [0.0] * len(p.bond_coupon)
        of_trade = [name for name, value in vars(s).items() if name in TRADE_FIELDS]
        self.trades = [
            SimpleNamespace(j=j, cheapest=p.held_bond[j], **{name: getattr(s, name)[j] for name in of_trade})
            for j in range(len(s.price))
        ]
        self.funds = [
            SimpleNamespace(
                i=i,
                packages=[row[i] for row in s.packages],
                loan=[row[i] for row in s.loan],
                haircut=[row[i] for row in s.haircut],
                ratio=[row[i] for row in p.hedge_ratio],
                opening=[row[i] for row in p.opening_packages_bn],
                order=[0.0] * len(s.price),
                call=[0.0] * 5,
                uncovered=[0.0] * 5,
                called=[0.0] * 5,
                is_selling=False,
                other_loss=p.other_loss_per_volatility[i],
                **{name: getattr(s, name)[i] for name in FUND_FIELDS},
            )
            for i in range(len(s.cash))
        ]
        self.dealers = [
            SimpleNamespace(d=d, **{name: getattr(s, name)[d] for name in DEALER_FIELDS})
            for d in range(len(s.capital))
        ]
        self.managers = [
            SimpleNamespace(
                a=a,
                bonds=[row[a] for row in s.manager_bonds],
                sale=[0.0] * len(s.price),
                cash=s.manager_cash[a],
                other=s.manager_other[a],
                value=s.manager_value[a],
                earned=s.manager_return[a],
                flow=s.manager_flow[a],
            )
            for a in range(len(s.manager_cash))
        ]
        self.account = dict(zip(SECTORS, s.account, strict=True))
        for name in MARKET_FIELDS:
            setattr(self, name, getattr(s, name)[0])
