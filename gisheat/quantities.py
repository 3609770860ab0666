"""Every parameter of every operation, once: type, unit, limits, default, help.

The sets of options that operations understand (`gisheat.option_sets`) are made of these; Python, the command line
and QGIS read them from there. `default` is what holds when neither the caller nor the project file says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from gisheat.physics.friction import Law
from gisheat.places import Database
from gisheat.schema import Language


@dataclass(frozen=True, slots=True)
class Argument:
    """What every front end shows for one parameter. The unit is the suffix of the parameter's name."""

    help: str
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    advanced: bool = False
    dataset: Literal["", "input", "output", "layer", "file"] = ""
    suffix: str = ".gpkg"


InputFile = Annotated[
    Path | Database,
    Argument(
        "Project file (*.toml), or a file, folder of Shapefiles or PostGIS schema (postgresql://...) with layers of the"
        " contract's names.",
        dataset="input",
    ),
]
OutputFile = Annotated[
    Path | Database,
    Argument(
        "GeoPackage, or PostGIS schema (postgresql://...), to write; appears whole or not at all.", dataset="output"
    ),
]
InpFile = Annotated[Path, Argument("EPANET file (*.inp).", dataset="input", suffix=".inp")]
InpOutput = Annotated[Path, Argument("EPANET file to write (*.inp).", dataset="output", suffix=".inp")]
ExtractFile = Annotated[
    Path,
    Argument("Extract of OpenStreetMap (*.pbf, *.osm), or FILE|layername with roads.", dataset="input", suffix=".pbf"),
]
StreetClasses = Annotated[
    str,
    Argument("Classes of streets (values of highway) to take, separated by commas; usual or all for those.", "usual"),
]
StreetArea = Annotated[
    str, Argument("Take what lies in it: west,south,east,north in degrees, or FILE|layername with polygons.")
]
ResultFile = Annotated[Path | Database, Argument("Result, as run writes one.", dataset="input")]
ExportOutput = Annotated[
    Path,
    Argument(
        "File to write (*.dxf, *.geojson, *.fgb, *.shp, *.csv, *.xlsx).",
        dataset="output",
        suffix=".dxf",
    ),
]
ExportLayer = Annotated[
    str, Argument("Layer to hand on; pipes where the form holds one, every layer where it holds several.")
]
ProjectOutput = Annotated[Path, Argument("Project file to write.", dataset="output", suffix=".toml")]


def _layer(text: str) -> Argument:
    return Argument(f"{text}, FILE or FILE|layername; replaces the one of the input.", dataset="layer")


PipesLayer = Annotated[str, _layer("Pipes")]
StationsLayer = Annotated[str, _layer("Stations")]
SourcesLayer = Annotated[str, _layer("Sources")]
NodesLayer = Annotated[str, _layer("Nodes with heights or names")]
StreetsLayer = Annotated[str, _layer("Streets")]
BuildingsLayer = Annotated[str, _layer("Buildings")]
AreasLayer = Annotated[str, _layer("Areas that no trench may cross, or that make it dearer")]
ValvesLayer = Annotated[str, _layer("Valves")]
PumpsLayer = Annotated[str, _layer("Pumps")]
LoadMixLayer = Annotated[str, _layer("Table of the shares of building classes by phase")]
TerrainRaster = Annotated[str, Argument("Terrain raster with heights in metres, FILE.", dataset="layer", suffix=".tif")]
StationList = Annotated[
    str,
    Argument("List of stations (*.xlsx, *.csv), joined to the drawn ones by station_id or name, FILE or FILE|sheet.",
             dataset="file", suffix=".xlsx"),
]  # fmt: skip
Crs = Annotated[str, Argument("CRS of layers that carry none, such as EPSG:4552.", advanced=True)]
ToCrs = Annotated[
    str,
    Argument(
        "CRS of the result, such as EPSG:4552, to which layers in another one are brought, degrees too; auto: one"
        " that fits."
    ),
]
Encoding = Annotated[
    str,
    Argument(
        "Code of the texts of Shapefiles and CSV, such as GBK; found from the texts when not given.", advanced=True
    ),
]

SnapTolerance = Annotated[float, Argument("Ends that are no farther apart become one node.", 0.5, 0.0, 100.0)]
StreetCrossings = Annotated[
    Literal["join", "keep"],
    Argument("Streets of one level that cross without a node: joined there, or kept apart.", "join"),
]
PipeCrossings = Annotated[
    Literal["join", "keep"], Argument("Pipes that cross without a node: joined there, or kept apart.", "keep")
]
MergePseudoNodes = Annotated[
    bool, Argument("Join two streets, or planned pipes, where just they meet and agree in all their columns.", False)
]
ParallelPairs = Annotated[
    Literal["keep", "merge"],
    Argument("Supply and return drawn as two parallel lines: kept as two, or made one trench.", "keep"),
]
ParallelDistance = Annotated[
    float, Argument("Farthest that supply and return of one trench are drawn apart.", 3.0, 0.0, 50.0, advanced=True)
]
MaxConnection = Annotated[
    float, Argument("Farthest a station or source may lie from the nearest pipe or street.", 200.0, 0.0, 5000.0)
]
Routing = Annotated[
    Literal["auto", "always", "never"],
    Argument("New trenches along the streets: auto where there are streets and no pipes, always, never.", "auto"),
]
RouteCost = Annotated[
    Literal["load", "length"],
    Argument("What is least in all: cost that grows with the load a trench carries, or length.", "load"),
]
RouteFixedCost = Annotated[
    float, Argument("Cost of a metre of trench that carries next to nothing.", 350.0, 0.0, 1e6, advanced=True)
]
RouteLoadCost = Annotated[
    float, Argument("Cost of a metre of trench for each (kW)^exponent that it carries.", 31.0, 0.0, 1e6, advanced=True)
]
RouteLoadExponent = Annotated[
    float, Argument("Exponent of the load a trench carries in its cost.", 0.38, 0.05, 1.0, advanced=True)
]
ClassFactors = Annotated[
    str, Argument("Cost factors of street classes, class:factor separated by semicolons, as in primary:1.5; track:0.8.")
]
ConnectionCostFactor = Annotated[
    float, Argument("Cost of a metre of connection relative to a metre of street.", 1.0, 0.01, 1000.0, advanced=True)
]
JoinPipes = Annotated[
    Literal["anywhere", "nodes"], Argument("Where pipes that are there may be tapped by new trenches.", "anywhere")
]
PipeToStreet = Annotated[
    float, Argument("Longest link between a street and a pipe that is there.", 30.0, 0.0, 1000.0, advanced=True)
]
RingLoad = Annotated[
    float, Argument("Close rings so that no more than this load lies behind any single trench.", None, 0.0, 100000.0)
]
RingPairs = Annotated[
    str,
    Argument("Stations, sources or nodes that stay joined whichever trench fails, a:b separated by semicolons."),
]
TrunkShare = Annotated[
    float, Argument("Share of the load from which on a new trench is a trunk.", 0.1, 0.0, 1.0, advanced=True)
]
RouteSeconds = Annotated[
    float,
    Argument("Time after which the search for better routes ends; a fixed number of moves when empty.",
             None, 0.0, 86400.0, advanced=True),
]  # fmt: skip
ConnectTo = Annotated[
    Literal["nearest", "vertex"],
    Argument(
        "Where new connections end: at the nearest place of a pipe or street, or at its nearest vertex.", "nearest"
    ),
]
ConnectBuildings = Annotated[
    Literal["auto", "always", "never"],
    Argument("Whether buildings that name no station become stations: auto where there is no stations layer.", "auto"),
]
HeatedShare = Annotated[
    float,
    Argument(
        "Heated area / (footprint x floors) of buildings that state no heated area.", 1.0, 0.05, 1.5, advanced=True
    ),
]
BuildingFloors = Annotated[
    float, Argument("Floors of buildings that state none; their area is unknown when empty.", None, 0.5, 200.0)
]
Phase = Annotated[str, Argument("Phase to compute: it and what came before; all when empty.")]
AreaFactor = Annotated[
    float,
    Argument(
        "Factor of all heated areas; the phase's of the project file when empty.",
        None,
        0.01,
        100.0,
        advanced=True,
    ),
]
HeatIndex = Annotated[float, Argument("Heat index of stations that state none.", None, 1.0, 1000.0)]
HeatIndexPosition = Annotated[
    float,
    Argument("Where in the published range of heat indices: 0 least, 1 largest.", 0.5, 0.0, 1.0, advanced=True),
]
SupplyTemperature = Annotated[float, Argument("Design supply temperature where no layer states one.", None, 5.0, 200.0)]
ReturnTemperature = Annotated[float, Argument("Design return temperature where no layer states one.", None, 1.0, 150.0)]
Density = Annotated[
    float,
    Argument("Density of the water of both sides in place of IAPWS-95.", None, 500.0, 1500.0, advanced=True),
]
Viscosity = Annotated[
    float, Argument("Dynamic viscosity of both sides in place of IAPWS-95.", None, 1e-5, 1.0, advanced=True)
]
HeatCapacity = Annotated[float, Argument("Heat capacity in place of IAPWS-95.", None, 1000.0, 10000.0, advanced=True)]
Gravity = Annotated[float, Argument("Acceleration of gravity.", 9.80665, 9.0, 10.0, advanced=True)]
Roughness = Annotated[
    float, Argument("Equivalent roughness of pipes that state none (Hazen-Williams: C).", 0.5, 0.0, 150.0)
]
LocalLossFraction = Annotated[
    float,
    Argument(
        "Equivalent length / length of pipes that state none; 0.15, and 0.20 for connections, when empty.",
        None,
        0.0,
        5.0,
    ),
]
RequiredHead = Annotated[float, Argument("Head that stations need which state none.", 10.0, 0.0, 200.0)]
Catalogue = Annotated[
    str,
    Argument("Pipe series: cn-steel, en-steel, or a CSV file with dn_mm, outer_diameter_mm, wall_mm.", "cn-steel"),
]
RuleSet = Annotated[Literal["cn-primary", "cn-secondary", "eu"], Argument("Sizing rules by role.", "cn-primary")]
MaxVelocity = Annotated[float, Argument("Largest velocity in place of the rule set's.", None, 0.1, 10.0)]
MaxFriction = Annotated[
    float,
    Argument(
        "Largest specific friction of branches and connections in place of the rule set's.",
        None,
        10.0,
        5000.0,
    ),
]
ValveReserve = Annotated[
    float, Argument("Head kept for the control valve of a station when branches are sized.", 2.0, 0.0, 100.0)
]
SizePhase = Annotated[str, Argument("Phase that planned pipes are sized for; the last one when empty.")]
Friction = Annotated[Law, Argument("Friction law.", "colebrook")]
Tolerance = Annotated[
    float,
    Argument(
        "Sum of flow changes relative to the sum of flows that ends the iteration.",
        1e-10,
        1e-14,
        1e-3,
        advanced=True,
    ),
]
MaxIterations = Annotated[int, Argument("Most iterations.", 200, 1, 10000, advanced=True)]
StationControl = Annotated[
    Literal["as_given", "flow", "valve", "none", "pump"],
    Argument(
        "What holds the flow of all stations: as_given by the stations layer; flow holds it in any case, valve as far"
        " as the open valve passes it, none leaves the valves as they are set, pump gives each station a pump.",
        "as_given",
    ),
]
StationPumpEfficiency = Annotated[
    float, Argument("Efficiency of pump and motor of pumps at stations.", 0.6, 0.05, 1.0, advanced=True)
]
PumpSpeed = Annotated[
    float, Argument("Speed of all pumps with a curve, relative to their own.", 1.0, 0.1, 1.5, advanced=True)
]
Outage = Annotated[str, Argument("Pipes, pumps and sources out of service; ids separated by semicolons.")]
OutputLanguage = Annotated[Language, Argument("Language of labels and styles in the result.", "en")]
Overwrite = Annotated[bool, Argument("Replace an output that gisheat did not write.", False)]
Picture = Annotated[
    Path,
    Argument("Map picture to write beside the result (*.png, *.svg, *.pdf).", dataset="output", suffix=".png"),
]
Products = Annotated[
    Path,
    Argument("Folder for all tables, diagrams, maps and the report.", dataset="output", suffix=""),
]
PipeId = Annotated[str, Argument("Pipe to explain.")]
SourceId = Annotated[str, Argument("Source to explain.")]
ValveId = Annotated[str, Argument("Valve to explain.")]
PumpId = Annotated[str, Argument("Booster pump to explain.")]
StationId = Annotated[str, Argument("Station to explain; the worst one when nothing is named.")]


DiagramOutput = Annotated[
    Path, Argument("Diagram to write (*.png, *.svg, *.pdf, *.dxf).", dataset="output", suffix=".png")
]
DiagramPipes = Annotated[
    str, Argument("Way along these pipes in place of that to a station; ids separated by semicolons, in any order.")
]
DiagramNodes = Annotated[
    str, Argument("Way between these nodes in place of that to a station; from;to, others on the way between them.")
]
DiagramStation = Annotated[str, Argument("Station at the end of the way; the worst one when nothing is named.")]
DiagramData = Annotated[
    Path, Argument("Table of the heads to write beside it (*.csv, *.xlsx).", dataset="output", suffix=".csv")
]
# margins of the pressures

BoilingMargin = Annotated[
    float, Argument("Pressure of the supply above that at which it boils.", 40.0, 0.0, 500.0, advanced=True)
]
LeastReturn = Annotated[
    float, Argument("Least gauge pressure of the supply and the return.", 50.0, 0.0, 500.0, advanced=True)
]
EmptyingMargin = Annotated[
    float,
    Argument(
        "Head of return and static line above the ground, and above the top of direct users.",
        3.0, 0.0, 50.0, advanced=True,
    ),
]  # fmt: skip
PressureClass = Annotated[
    float, Argument("Gauge pressure that pipes and fittings stand which state none.", 1600.0, 100.0, 10000.0)
]
SecondaryClass = Annotated[
    float, Argument("Gauge pressure that pipes of level secondary stand which state none.", 1000.0, 100.0, 10000.0,
                    advanced=True)
]  # fmt: skip
UserPressure = Annotated[
    float,
    Argument("Gauge pressure that direct and mixing users bear which state none.", 400.0, 50.0, 5000.0, advanced=True),
]
SuctionMargin = Annotated[
    float, Argument("Pressure at the suction of pumps above that at which the water boils.", 50.0, 0.0, 500.0,
                    advanced=True)
]  # fmt: skip
NpshMargin = Annotated[
    float, Argument("Head at the suction of pumps above the NPSH they require.", 0.5, 0.0, 20.0, advanced=True)
]

# report
ReportOutput = Annotated[Path, Argument("Report to write (*.html).", dataset="output", suffix=".html")]

ScenarioTable = Annotated[
    str, Argument("Table of scenarios, FILE or FILE|layername (CSV, Excel, Parquet ...).", dataset="layer")
]
FlowTable = Annotated[
    str,
    Argument(
        "Table of station flows in t/h, a row a scenario, a column a station (CSV, Parquet ...).", dataset="layer"
    ),
]
Outages = Annotated[
    Literal["trunk", "all"], Argument("Add scenarios in which each trunk pipe, or each pipe, is out once.")
]
LoadFactors = Annotated[str, Argument("Load factors separated by commas, each with every scenario, as in 0.2,0.5,1.")]
DetailsFolder = Annotated[
    Path,
    Argument("Folder for pipes, nodes and stations of every scenario as Parquet.", dataset="output", suffix=""),
]
Threads = Annotated[int, Argument("Threads that solve scenarios.", 2, 1, 256, advanced=True)]

# compare
OldState = Annotated[
    Path | Database, Argument("Older state: a project file, a file or PostGIS schema of layers.", dataset="input")
]
NewState = Annotated[
    Path | Database, Argument("Newer state: a project file, a file or PostGIS schema of layers.", dataset="input")
]
MatchTolerance = Annotated[
    float, Argument("Distance that digitising alone makes: what moved less did not move.", 0.5, 0.001, 50.0)
]
WithEffects = Annotated[bool, Argument("Solve both states and set side by side what the changes do.", True)]
