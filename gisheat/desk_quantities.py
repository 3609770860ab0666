"""Parameters of the products for the planner's desk, in the manner of `gisheat.quantities`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from gisheat.physics.friction import Law
from gisheat.quantities import Argument
from gisheat.regulation import Regulation, SecondaryRegulation

# hydraulic table -------------------------------------------------------------------------------------------------

TableOutput = Annotated[Path, Argument("Table to write (*.xlsx, *.csv).", dataset="output", suffix=".xlsx")]
TableRows = Annotated[
    Literal["critical_path", "network"],
    Argument("What a CSV file holds: the critical path of each source, or all sections; a workbook has both.",
             "critical_path"),
]  # fmt: skip
PrintedTable = Annotated[
    Path, Argument("Printed hydraulic table (*.csv, *.xlsx; FILE|sheet for another than the first).", dataset="input")
]
FindingsOutput = Annotated[Path, Argument("Findings to write (*.csv, *.xlsx).", dataset="output", suffix=".csv")]
PipeSchedule = Annotated[
    str, Argument("Table of the pipes by DN with their trench lengths, to compare the sections with.", dataset="layer")
]
PrintedLaw = Annotated[Law, Argument("Friction law that the table was made with.", "rough")]
PrintedTemperature = Annotated[
    float, Argument("Temperature of the water that the table was made with.", 85.0, 1.0, 200.0)
]
PrintedDensity = Annotated[
    float, Argument("Density of that water in place of IAPWS-95.", None, 500.0, 1500.0, advanced=True)
]
PrintedViscosity = Annotated[
    float, Argument("Dynamic viscosity of that water in place of IAPWS-95.", None, 1e-5, 1.0, advanced=True)
]
PrintedRoughness = Annotated[
    float, Argument("Equivalent roughness that the table was made with (Hazen-Williams: C).", 0.5, 0.0, 150.0)
]
PrintedTolerance = Annotated[
    float,
    Argument("Difference that is let pass beyond the printed digits, for rounded constants of hand formulas.",
             0.5, 0.0, 50.0),
]  # fmt: skip


# climate
IndoorTemperature = Annotated[
    float, Argument("Indoor temperature of the curves of regulation; load statistics may use another.", 18.0, 5.0, 30.0)
]
DesignOutdoorTemperature = Annotated[float, Argument("Outdoor temperature of the design load.", None, -60.0, 15.0)]
HeatingStartTemperature = Annotated[
    float, Argument("Outdoor temperature at which heating begins and ends.", 5.0, -20.0, 20.0)
]

# regulation
OutdoorTemperature = Annotated[
    float,
    Argument(
        "Solve at this outdoor temperature: loads, temperatures and flows of the curve of regulation. Pipes are sized"
        " for the design all the same.",
        None,
        -60.0,
        20.0,
    ),
]
RegulationKind = Annotated[
    Regulation,
    Argument(
        "How the network follows the weather: quality by its supply temperature, quantity by its flow, stepped by"
        " temperature with the flow in steps, combined with a flow that goes with the load.",
        "quality",
    ),
]
SecondaryRegulationKind = Annotated[
    SecondaryRegulation,
    Argument("The same for the secondary networks behind exchangers and mixing pumps.", "quality", advanced=True),
]
FlowExponent = Annotated[
    float,
    Argument("Combined regulation: relative flow = relative load to this power.", 1.0, 0.0, 2.0, advanced=True),
]
FlowSteps = Annotated[
    str,
    Argument(
        "Stepped regulation: relative flows separated by commas; the smallest that is not below the relative load"
        " runs.",
        "1,0.8,0.6",
        advanced=True,
    ),
]
LeastSupply = Annotated[
    float, Argument("Supply temperature of the network that is never undercut, as for hot water.", None, 20.0, 150.0)
]
RadiatorExponent = Annotated[
    float,
    Argument("Exponent b of radiators: heat goes with (water - room)^(1 + b).", 0.3, 0.0, 0.6, advanced=True),
]
FloorExponent = Annotated[float, Argument("Exponent b of floor heating, 0 to 0.1.", 0.1, 0.0, 0.6, advanced=True)]
SecondarySupplyTemperature = Annotated[
    float, Argument("Secondary supply temperature at design where no station states one.", None, 20.0, 150.0)
]
SecondaryReturnTemperature = Annotated[
    float, Argument("Secondary return temperature at design where no station states one.", None, 15.0, 120.0)
]
OutdoorTemperatures = Annotated[
    str,
    Argument("Outdoor temperatures of the table in degC, separated by commas; in steps of 1 K when empty."),
]
OutdoorScenarios = Annotated[
    str,
    Argument("Outdoor temperatures in degC, separated by commas: a scenario for each, by the curve of regulation."),
]
CurveOutput = Annotated[
    Path,
    Argument("Chart (*.png, *.svg, *.pdf) or table (*.xlsx, *.csv) to write.", dataset="output", suffix=".png"),
]
CurveData = Annotated[
    Path, Argument("Table to write beside the chart (*.xlsx, *.csv).", dataset="output", suffix=".xlsx")
]

# equipment
EquipmentCatalogue = Annotated[
    str,
    Argument(
        "Catalogue of equipment by station size: cn-stations, or a CSV file with the same columns.", "cn-stations"
    ),
]
HeatTransfer = Annotated[
    float,
    Argument("Heat transfer coefficient of plate exchangers, fouled, with which their area is checked.", 3000.0, 500.0,
             8000.0),
]  # fmt: skip
PumpsInReserve = Annotated[int, Argument("Pumps of each set, of each kind, that stand in reserve.", 1, 0, 5)]
LeastShareOneOut = Annotated[
    float,
    Argument("Share of the load that exchangers have to give with one of them out.", 65.0, 0.0, 100.0, advanced=True),
]
LeastMakeUp = Annotated[
    float, Argument("Least make-up flow relative to the secondary flow.", 1.0, 0.0, 20.0, advanced=True)
]
EquipmentOutput = Annotated[Path, Argument("Table to write (*.xlsx, *.csv).", dataset="output", suffix=".xlsx")]
# draw
MapOutput = Annotated[Path, Argument("Map to write (*.png, *.svg, *.pdf).", dataset="output", suffix=".png")]
MapKind = Annotated[
    Literal["result", "loads", "phases", "sketch"],
    Argument("What the map shows: result, loads of the stations, what is built in which phase, or a sketch.", "result"),
]

# cost
CostOutput = Annotated[
    Path, Argument("Workbook, or table of quantities, to write (*.xlsx, *.csv).", dataset="output", suffix=".xlsx")
]
Prices = Annotated[
    str,
    Argument("Trench prices: example, or a CSV file with dn_mm, price_per_metre, currency, year, source.", "example"),
]
PriceFactor = Annotated[float, Argument("Factor of all prices.", 1.0, 0.001, 1000.0)]
CostOf = Annotated[
    Literal["planned", "all"], Argument("Pipes that are costed: planned ones, or existing ones too.", "planned")
]
ReplacementFactor = Annotated[
    float, Argument("Factor of the price of existing pipes where all are costed.", 1.0, 0.0, 100.0, advanced=True)
]
Against = Annotated[Path, Argument("Project or result to compare with (*.toml, *.gpkg ...).")]

# duration
LoadIndoorTemperature = Annotated[
    float,
    Argument("Indoor temperature of load statistics and duration; indoor_temp_c when empty.", None, 5.0, 30.0),
]
MeanOutdoorTemperature = Annotated[
    float, Argument("Mean outdoor temperature of the heating season.", None, -50.0, 15.0)
]
HeatingDays = Annotated[
    float,
    Argument("Length of the heating season in days; with a weather file its coldest days on end.", None, 6.0, 366.0),
]
HeatingFrom = Annotated[str, Argument("First day of the heating season, month-day as in 10-20.")]
HeatingTo = Annotated[str, Argument("Last day of the heating season, month-day as in 04-13.")]
WeatherFile = Annotated[
    str,
    Argument("Outdoor temperatures of a year: an EPW file, or CSV with outdoor_temp_c and time.", dataset="file",
             suffix=".epw"),
]  # fmt: skip
WeatherStep = Annotated[float, Argument("Time step of a weather file without times.", None, 0.01, 24.0, advanced=True)]
ConstantLoad = Annotated[
    float, Argument("Load that does not follow the weather, all the year round, as of hot water.", 0.0, 0.0, 1e5)
]
GuaranteedShare = Annotated[
    float,
    Argument(
        "Share of the largest load that is to be given when the largest unit is out; by the design outdoor temperature"
        " when empty.",
        None, 0.0, 100.0, advanced=True,
    ),
]  # fmt: skip
