<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
<name>gisheat</name>
<message>
<source>1 Prepare</source>
<translation>1 准备</translation>
</message>
<message>
<source>Start a project from your own layers</source>
<translation>从自己的图层建立项目</translation>
</message>
<message>
<source>Looks at the layers of a file, guesses which is which and which column means what, writes a project file with these guesses, and shows them.</source>
<translation>查看文件中的图层，推断各图层的类型和各列的含义，据此写出项目文件并显示推断结果。</translation>
</message>
<message>
<source>Project file (*.toml), or a file, folder of Shapefiles or PostGIS schema (postgresql://...) with layers of the contract's names.</source>
<translation>项目文件（*.toml），或图层名称符合约定的文件、Shapefile 文件夹或 PostGIS 模式（postgresql://...）。</translation>
</message>
<message>
<source>Project file to write.</source>
<translation>要写出的项目文件。</translation>
</message>
<message>
<source>CRS of layers that carry none, such as EPSG:4552.</source>
<translation>未带坐标系的图层所用的坐标系，如 EPSG:4552。</translation>
</message>
<message>
<source>CRS of the result, such as EPSG:4552, to which layers in another one are brought, degrees too; auto: one that fits.</source>
<translation>结果的坐标系，如 EPSG:4552，其他坐标系（含经纬度）的图层转换到此；auto：自动选择合适的坐标系。</translation>
</message>
<message>
<source>Code of the texts of Shapefiles and CSV, such as GBK; found from the texts when not given.</source>
<translation>Shapefile 和 CSV 的文字编码，如 GBK；未给出时由文字内容判断。</translation>
</message>
<message>
<source>Make an empty GeoPackage with all layers and columns</source>
<translation>生成包含全部图层和列的空 GeoPackage</translation>
</message>
<message>
<source>The layers can be filled in QGIS and solved as they are.</source>
<translation>各图层可在 QGIS 中填写，然后直接计算。</translation>
</message>
<message>
<source>GeoPackage, or PostGIS schema (postgresql://...), to write; appears whole or not at all.</source>
<translation>要写出的 GeoPackage 或 PostGIS 模式（postgresql://...）；要么完整写出，要么不写。</translation>
</message>
<message>
<source>3 Design</source>
<translation>3 设计</translation>
</message>
<message>
<source>Do everything: check, build, load, size, solve, write a styled result and a map picture</source>
<translation>全部完成：检查、建网、负荷、选管径、水力计算，写出带样式的结果和地图图片</translation>
</message>
<message>
<source>The output is the one of the project file when none is given. Scenarios of the project file are solved as well and compared in the table comparison. With products, everything for the planner's desk as well.</source>
<translation>未给出输出时使用项目文件中的输出。项目文件中的方案也一并求解，并在 comparison 表中比较。给出 products 时，规划所需的全部成果也一并生成。</translation>
</message>
<message>
<source>Pipes</source>
<translation>管道</translation>
</message>
<message>
<source>Stations</source>
<translation>热力站</translation>
</message>
<message>
<source>Sources</source>
<translation>热源</translation>
</message>
<message>
<source>Nodes with heights or names</source>
<translation>带高程或名称的节点</translation>
</message>
<message>
<source>Streets</source>
<translation>道路</translation>
</message>
<message>
<source>Buildings</source>
<translation>建筑</translation>
</message>
<message>
<source>Areas that no trench may cross, or that make it dearer</source>
<translation>管沟不得穿越或造价较高的区域</translation>
</message>
<message>
<source>Valves</source>
<translation>阀门</translation>
</message>
<message>
<source>Pumps</source>
<translation>水泵</translation>
</message>
<message>
<source>Table of the shares of building classes by phase</source>
<translation>各阶段建筑类别构成表</translation>
</message>
<message>
<source>List of stations (*.xlsx, *.csv), joined to the drawn ones by station_id or name, FILE or FILE|sheet.</source>
<translation>热力站清单 (*.xlsx, *.csv)，按 station_id 或名称与已绘热力站对应，FILE 或 FILE|工作表。</translation>
</message>
<message>
<source>Terrain raster with heights in metres</source>
<translation>以米为单位的地形高程栅格</translation>
</message>
<message>
<source>Language of labels and styles in the result.</source>
<translation>结果中标注和样式的语言。</translation>
</message>
<message>
<source>Replace an output that gisheat did not write.</source>
<translation>覆盖不是由 gisheat 写出的输出文件。</translation>
</message>
<message>
<source>Ends that are no farther apart become one node.</source>
<translation>距离不超过此值的端点合并为一个节点。</translation>
</message>
<message>
<source>Streets of one level that cross without a node: joined there, or kept apart.</source>
<translation>同层道路相交处无节点时：在该处连接，或保持分离。</translation>
</message>
<message>
<source>Pipes that cross without a node: joined there, or kept apart.</source>
<translation>管道相交处无节点时：在该处连接，或保持分离。</translation>
</message>
<message>
<source>Join two streets, or planned pipes, where just they meet and agree in all their columns.</source>
<translation>仅两条道路（或规划管道）相接且所有列一致时，合并为一条。</translation>
</message>
<message>
<source>Supply and return drawn as two parallel lines: kept as two, or made one trench.</source>
<translation>供、回水绘成两条平行线时：保留两条，或合并为一条管沟。</translation>
</message>
<message>
<source>Farthest that supply and return of one trench are drawn apart.</source>
<translation>同一管沟的供水与回水绘制的最大间距。</translation>
</message>
<message>
<source>Farthest a station or source may lie from the nearest pipe or street.</source>
<translation>热力站或热源与最近管道或道路的最大距离。</translation>
</message>
<message>
<source>Where new connections end: at the nearest place of a pipe or street, or at its nearest vertex.</source>
<translation>新支线的终点：管道或道路上的最近点，或其最近的顶点。</translation>
</message>
<message>
<source>Whether buildings that name no station become stations: auto where there is no stations layer.</source>
<translation>未指定热力站的建筑是否作为热力站：auto 表示没有热力站图层时。</translation>
</message>
<message>
<source>Heated area / (footprint x floors) of buildings that state no heated area.</source>
<translation>未给出供热面积的建筑：供热面积 /（占地面积 × 层数）。</translation>
</message>
<message>
<source>Floors of buildings that state none; their area is unknown when empty.</source>
<translation>未给出层数的建筑的层数；留空则其面积未知。</translation>
</message>
<message>
<source>Phase to compute: it and what came before; all when empty.</source>
<translation>要计算的阶段：该阶段及之前的部分；留空为全部。</translation>
</message>
<message>
<source>Equivalent roughness of pipes that state none (Hazen-Williams: C).</source>
<translation>未给出粗糙度的管道的当量粗糙度（Hazen-Williams 公式为 C 值）。</translation>
</message>
<message>
<source>Equivalent length / length of pipes that state none; 0.15, and 0.20 for connections, when empty.</source>
<translation>未给出时管道的当量长度 / 长度；留空为 0.15，支线为 0.20。</translation>
</message>
<message>
<source>Head that stations need which state none.</source>
<translation>未给出时热力站所需的压头。</translation>
</message>
<message>
<source>Pipe series: cn-steel, en-steel, or a CSV file with dn_mm, outer_diameter_mm, wall_mm.</source>
<translation>管道系列：cn-steel、en-steel，或含 dn_mm、outer_diameter_mm、wall_mm 列的 CSV 文件。</translation>
</message>
<message>
<source>What is least in all: cost that grows with the load a trench carries, or length.</source>
<translation>使总量最小的目标：随管沟所带负荷增长的造价，或长度。</translation>
</message>
<message>
<source>Cost of a metre of trench that carries next to nothing.</source>
<translation>几乎不带负荷的管沟每米造价。</translation>
</message>
<message>
<source>Cost of a metre of trench for each (kW)^exponent that it carries.</source>
<translation>管沟所带负荷每（kW）^指数、每米的造价。</translation>
</message>
<message>
<source>Exponent of the load a trench carries in its cost.</source>
<translation>造价公式中管沟负荷的指数。</translation>
</message>
<message>
<source>Cost factors of street classes, class:factor separated by semicolons, as in primary:1.5; track:0.8.</source>
<translation>道路类别的造价系数，类别:系数，以分号分隔，如 primary:1.5; track:0.8。</translation>
</message>
<message>
<source>Cost of a metre of connection relative to a metre of street.</source>
<translation>支线每米造价与沿道路每米造价之比。</translation>
</message>
<message>
<source>Where pipes that are there may be tapped by new trenches.</source>
<translation>新管沟可在既有管道的何处接入。</translation>
</message>
<message>
<source>Longest link between a street and a pipe that is there.</source>
<translation>道路与既有管道之间连接线的最大长度。</translation>
</message>
<message>
<source>Close rings so that no more than this load lies behind any single trench.</source>
<translation>成环，使任一管沟之后的负荷不超过此值。</translation>
</message>
<message>
<source>Stations, sources or nodes that stay joined whichever trench fails, a:b separated by semicolons.</source>
<translation>任一管沟故障时仍须连通的热力站、热源或节点，a:b，以分号分隔。</translation>
</message>
<message>
<source>Share of the load from which on a new trench is a trunk.</source>
<translation>新管沟所带负荷达到此份额时为干线。</translation>
</message>
<message>
<source>Time after which the search for better routes ends; a fixed number of moves when empty.</source>
<translation>寻找更优路线的时间上限；留空则采用固定的尝试次数。</translation>
</message>
<message>
<source>Factor of all heated areas; the phase's of the project file when empty.</source>
<translation>全部供热面积的系数；留空时采用项目文件中该阶段的系数。</translation>
</message>
<message>
<source>Heat index of stations that state none.</source>
<translation>未给出时热力站的热指标。</translation>
</message>
<message>
<source>Where in the published range of heat indices: 0 least, 1 largest.</source>
<translation>在公布的热指标范围中的位置：0 最小，1 最大。</translation>
</message>
<message>
<source>Design supply temperature where no layer states one.</source>
<translation>图层未给出时的设计供水温度。</translation>
</message>
<message>
<source>Design return temperature where no layer states one.</source>
<translation>图层未给出时的设计回水温度。</translation>
</message>
<message>
<source>Heat capacity in place of IAPWS-95.</source>
<translation>代替 IAPWS-95 的比热容。</translation>
</message>
<message>
<source>New trenches along the streets: auto where there are streets and no pipes, always, never.</source>
<translation>沿道路规划新管沟：auto 表示有道路而无管道时，always 总是，never 从不。</translation>
</message>
<message>
<source>Indoor temperature of the curves of regulation; load statistics may use another.</source>
<translation>调节曲线所用的室内温度；负荷统计可另取。</translation>
</message>
<message>
<source>Outdoor temperature of the design load.</source>
<translation>设计热负荷对应的供暖室外计算温度。</translation>
</message>
<message>
<source>How the network follows the weather: quality by its supply temperature, quantity by its flow, stepped by temperature with the flow in steps, combined with a flow that goes with the load.</source>
<translation>管网随天气的调节方式：quality 质调节（改变供水温度），quantity 量调节（改变流量），stepped 分阶段改变流量的质调节，combined 质量综合调节（流量随负荷变化）。</translation>
</message>
<message>
<source>The same for the secondary networks behind exchangers and mixing pumps.</source>
<translation>换热器和混水泵之后二次网的调节方式。</translation>
</message>
<message>
<source>Combined regulation: relative flow = relative load to this power.</source>
<translation>综合调节：相对流量 = 相对热负荷的该次幂。</translation>
</message>
<message>
<source>Stepped regulation: relative flows separated by commas; the smallest that is not below the relative load runs.</source>
<translation>分阶段调节：以逗号分隔的相对流量；采用不小于相对热负荷的最小一级。</translation>
</message>
<message>
<source>Supply temperature of the network that is never undercut, as for hot water.</source>
<translation>管网供水温度的下限，例如供应生活热水时。</translation>
</message>
<message>
<source>Secondary supply temperature at design where no station states one.</source>
<translation>热力站未给出时采用的二次网设计供水温度。</translation>
</message>
<message>
<source>Secondary return temperature at design where no station states one.</source>
<translation>热力站未给出时采用的二次网设计回水温度。</translation>
</message>
<message>
<source>Exponent b of radiators: heat goes with (water - room)^(1 + b).</source>
<translation>散热器的指数 b：散热量与（水温 - 室温）的 1 + b 次幂成正比。</translation>
</message>
<message>
<source>Exponent b of floor heating, 0 to 0.1.</source>
<translation>地面辐射供暖的指数 b，0 至 0.1。</translation>
</message>
<message>
<source>Friction law.</source>
<translation>摩擦阻力公式。</translation>
</message>
<message>
<source>Density of the water of both sides in place of IAPWS-95.</source>
<translation>代替 IAPWS-95 的供回水密度。</translation>
</message>
<message>
<source>Dynamic viscosity of both sides in place of IAPWS-95.</source>
<translation>代替 IAPWS-95 的供回水动力黏度。</translation>
</message>
<message>
<source>Acceleration of gravity.</source>
<translation>重力加速度。</translation>
</message>
<message>
<source>Sum of flow changes relative to the sum of flows that ends the iteration.</source>
<translation>结束迭代的流量变化总和与流量总和之比。</translation>
</message>
<message>
<source>Most iterations.</source>
<translation>最大迭代次数。</translation>
</message>
<message>
<source>Sizing rules by role.</source>
<translation>按管道作用选管径的规则。</translation>
</message>
<message>
<source>Largest velocity in place of the rule set's.</source>
<translation>代替规则集的最大流速。</translation>
</message>
<message>
<source>Largest specific friction of branches and connections in place of the rule set's.</source>
<translation>代替规则集的支干线和支线最大比摩阻。</translation>
</message>
<message>
<source>Head kept for the control valve of a station when branches are sized.</source>
<translation>选支线管径时为热力站调节阀保留的压头。</translation>
</message>
<message>
<source>Phase that planned pipes are sized for; the last one when empty.</source>
<translation>规划管道按哪个阶段选管径；留空为最后阶段。</translation>
</message>
<message>
<source>What holds the flow of all stations: as_given by the stations layer; flow holds it in any case, valve as far as the open valve passes it, none leaves the valves as they are set, pump gives each station a pump.</source>
<translation>所有热力站流量的保持方式：as_given 按热力站图层；flow 总是保持，valve 在阀门全开所能通过的范围内保持，none 阀门维持现状，pump 每个热力站设水泵。</translation>
</message>
<message>
<source>Efficiency of pump and motor of pumps at stations.</source>
<translation>热力站水泵及电机的效率。</translation>
</message>
<message>
<source>Speed of all pumps with a curve, relative to their own.</source>
<translation>所有带曲线水泵的相对转速。</translation>
</message>
<message>
<source>Pipes, pumps and sources out of service; ids separated by semicolons.</source>
<translation>停用的管道、水泵和热源；编号以分号分隔。</translation>
</message>
<message>
<source>Solve at this outdoor temperature: loads, temperatures and flows of the curve of regulation. Pipes are sized for the design all the same.</source>
<translation>按此室外温度计算：采用调节曲线上的负荷、温度和流量。管径仍按设计工况确定。</translation>
</message>
<message>
<source>Pressure of the supply above that at which it boils.</source>
<translation>供水压力高于汽化压力的余量。</translation>
</message>
<message>
<source>Least gauge pressure of the supply and the return.</source>
<translation>供水与回水的最低表压。</translation>
</message>
<message>
<source>Head of return and static line above the ground, and above the top of direct users.</source>
<translation>回水与静水压线高出地面及直接连接用户最高点的余量。</translation>
</message>
<message>
<source>Gauge pressure that pipes and fittings stand which state none.</source>
<translation>未注明压力等级的管道与附件的承压（表压）。</translation>
</message>
<message>
<source>Gauge pressure that pipes of level secondary stand which state none.</source>
<translation>未注明压力等级的二级网管道的承压（表压）。</translation>
</message>
<message>
<source>Gauge pressure that direct and mixing users bear which state none.</source>
<translation>未注明允许压力的直接连接和混水连接用户的承压（表压）。</translation>
</message>
<message>
<source>Pressure at the suction of pumps above that at which the water boils.</source>
<translation>水泵吸入口压力高于汽化压力的余量。</translation>
</message>
<message>
<source>Head at the suction of pumps above the NPSH they require.</source>
<translation>水泵吸入口高于必需汽蚀余量的水头。</translation>
</message>
<message>
<source>Map picture to write beside the result (*.png, *.svg, *.pdf).</source>
<translation>与结果一同写出的地图图片（*.png、*.svg、*.pdf）。</translation>
</message>
<message>
<source>Report to write (*.html).</source>
<translation>要写出的报告（*.html）。</translation>
</message>
<message>
<source>Folder for all tables, diagrams, maps and the report.</source>
<translation>放置全部表格、图、地图和报告的文件夹。</translation>
</message>
<message>
<source>2 Network</source>
<translation>2 管网</translation>
</message>
<message>
<source>Check layers: columns, types, ranges, identifiers, geometry, connections, loads</source>
<translation>检查图层：列、类型、范围、编号、几何、连接、负荷</translation>
</message>
<message>
<source>Lists findings and totals; with an output, writes them with the layers as drawn.</source>
<translation>列出问题和合计；指定输出时连同所绘图层一并写出。</translation>
</message>
<message>
<source>Make a network of drawn lines: repair streets and pipes, connect, number</source>
<translation>由绘制的线生成管网：修复道路和管道、连接、编号</translation>
</message>
<message>
<source>Nothing is lost: the lineage table says what became of every feature.</source>
<translation>没有任何丢失：lineage 表说明每个要素的去向。</translation>
</message>
<message>
<source>Choose trenches along the streets that join all stations with the sources</source>
<translation>沿道路选择管沟，连接所有热力站与热源</translation>
</message>
<message>
<source>For the least cost; pipes that are there cost nothing. The new trenches are planned pipes without a size.</source>
<translation>总造价最小；既有管道不计造价。新管沟为未定管径的规划管道。</translation>
</message>
<message>
<source>Give every station its heat load and flow</source>
<translation>给出每个热力站的热负荷和流量</translation>
</message>
<message>
<source>A flow wins over a load, a load over heated area x heat index.</source>
<translation>流量优先于负荷，负荷优先于供热面积 × 热指标。</translation>
</message>
<message>
<source>Choose a size for every pipe that has none</source>
<translation>为没有管径的管道选择管径</translation>
</message>
<message>
<source>By the rules of its role, for the last phase; existing pipes are kept and judged.</source>
<translation>按其作用的规则，以最后阶段为准；既有管道保留并校核。</translation>
</message>
<message>
<source>Solve flows, losses, heads and the pump head, supply and return</source>
<translation>计算供回水的流量、压力损失、水头和循环泵扬程</translation>
</message>
<message>
<source>Pipes without a size are sized first.</source>
<translation>没有管径的管道先选管径。</translation>
</message>
<message>
<source>4 Operation</source>
<translation>4 运行</translation>
</message>
<message>
<source>Solve many load cases or outages, and list what each needs and what it leaves without heat</source>
<translation>计算多种负荷工况或故障，列出各自的需求和无法供热的部分</translation>
</message>
<message>
<source>The table scenarios of the result has a row for each; the layers show the network as it is.</source>
<translation>结果的 scenarios 表每种工况一行；图层显示管网现状。</translation>
</message>
<message>
<source>Table of scenarios</source>
<translation>工况表</translation>
</message>
<message>
<source>Table of station flows in t/h, a row a scenario, a column a station (CSV, Parquet ...).</source>
<translation>热力站流量表，单位 t/h，每行一种工况，每列一个热力站（CSV、Parquet 等）。</translation>
</message>
<message>
<source>Add scenarios in which each trunk pipe, or each pipe, is out once.</source>
<translation>增加工况：每条干线管道（或每条管道）各停用一次。</translation>
</message>
<message>
<source>Load factors separated by commas, each with every scenario, as in 0.2,0.5,1.</source>
<translation>负荷系数，以逗号分隔，与每种工况组合，如 0.2,0.5,1。</translation>
</message>
<message>
<source>Outdoor temperatures in degC, separated by commas: a scenario for each, by the curve of regulation.</source>
<translation>以逗号分隔的室外温度（°C）：按调节曲线各为一个工况。</translation>
</message>
<message>
<source>Folder for pipes, nodes and stations of every scenario as Parquet.</source>
<translation>以 Parquet 存放每种工况的管道、节点和热力站的文件夹。</translation>
</message>
<message>
<source>Threads that solve scenarios.</source>
<translation>求解工况的线程数。</translation>
</message>
<message>
<source>Set the valve of every station so that all get their design flow</source>
<translation>设定每个热力站的阀门，使其均得到设计流量</translation>
</message>
<message>
<source>Gives Kv and opening of each valve, and solves the network with the valves so set, and with all of them open.</source>
<translation>给出每个阀门的 Kv 和开度，并分别计算如此设定和全部全开时的管网。</translation>
</message>
<message>
<source>Explain why a pipe has its size, flow and loss, and what a station, source, valve or pump does</source>
<translation>解释管道的管径、流量和损失的由来，以及热力站、热源、阀门或水泵的状态</translation>
</message>
<message>
<source>Nothing is written.</source>
<translation>不写出任何文件。</translation>
</message>
<message>
<source>Pipe to explain.</source>
<translation>要解释的管道。</translation>
</message>
<message>
<source>Station to explain; the worst one when nothing is named.</source>
<translation>要解释的热力站；未指定时为最不利者。</translation>
</message>
<message>
<source>Source to explain.</source>
<translation>要解释的热源。</translation>
</message>
<message>
<source>Valve to explain.</source>
<translation>要解释的阀门。</translation>
</message>
<message>
<source>Booster pump to explain.</source>
<translation>要解释的加压泵。</translation>
</message>
<message>
<source>5 Hand on</source>
<translation>5 移交</translation>
</message>
<message>
<source>Draw the pressure diagram of a way: to a station, along pipes, or between nodes</source>
<translation>绘制一条路径的水压图：到热力站、沿管段或在节点之间</translation>
</message>
<message>
<source>Ground, supply, return, static line, boiling limit, pipe class, direct users, pump and plant, with a strip of figures; to the worst station when nothing is named.</source>
<translation>地面、供水、回水、静水压线、不汽化线、管道公称压力线、直接连接用户、水泵与热源，下附数据栏；未指定路径时取最不利热力站。</translation>
</message>
<message>
<source>Diagram to write (*.png, *.svg, *.pdf, *.dxf).</source>
<translation>要写出的水压图（*.png、*.svg、*.pdf、*.dxf）。</translation>
</message>
<message>
<source>Station at the end of the way; the worst one when nothing is named.</source>
<translation>线路末端的热力站；未指定时取最不利者。</translation>
</message>
<message>
<source>Way along these pipes in place of that to a station; ids separated by semicolons, in any order.</source>
<translation>沿这些管段绘制，代替到热力站的路径；编号用分号隔开，次序不限。</translation>
</message>
<message>
<source>Way between these nodes in place of that to a station; from;to, others on the way between them.</source>
<translation>在这些节点之间绘制，代替到热力站的路径；起点;终点，中间可写途经节点。</translation>
</message>
<message>
<source>Table of the heads to write beside it (*.csv, *.xlsx).</source>
<translation>同时写出的水头数据表（*.csv、*.xlsx）。</translation>
</message>
<message>
<source>Write the hydraulic calculation table: critical path, whole network, notes</source>
<translation>编制水力计算表：最不利环路、全部管段、说明</translation>
</message>
<message>
<source>A workbook with live formulas for all that follows from flow, length, bore and roughness, or a CSV file.</source>
<translation>输出为工作簿，凡由流量、管长、内径、粗糙度得出的各列均为公式；或输出为 CSV 文件。</translation>
</message>
<message>
<source>Table to write (*.xlsx, *.csv).</source>
<translation>要写入的表格 (*.xlsx, *.csv)。</translation>
</message>
<message>
<source>What a CSV file holds: the critical path of each source, or all sections; a workbook has both.</source>
<translation>CSV 文件的内容：各热源的最不利环路，或全部管段；工作簿两者都有。</translation>
</message>
<message>
<source>Compare the figures of a printed hydraulic table with each other, and with the schedule of its pipes</source>
<translation>核对已有水力计算表的数据是否相互一致、是否与管道清单一致</translation>
</message>
<message>
<source>Names each figure that disagrees by more than its printed digits allow, and what would agree. With an output, writes the findings as a table.</source>
<translation>列出超出其有效位数所容许误差的数据，并给出与之相符的数值。指定输出时，将问题写成表格。</translation>
</message>
<message>
<source>Printed hydraulic table (*.csv, *.xlsx; FILE|sheet for another than the first).</source>
<translation>已有的水力计算表 (*.csv, *.xlsx；非首个工作表时写作 文件|工作表)。</translation>
</message>
<message>
<source>Findings to write (*.csv, *.xlsx).</source>
<translation>要写入的问题表 (*.csv, *.xlsx)。</translation>
</message>
<message>
<source>Table of the pipes by DN with their trench lengths, to compare the sections with.</source>
<translation>按公称直径列出管沟长度的管道清单，用于与各管段核对。</translation>
</message>
<message>
<source>Friction law that the table was made with.</source>
<translation>该表所用的摩擦阻力公式。</translation>
</message>
<message>
<source>Temperature of the water that the table was made with.</source>
<translation>该表所用的水温。</translation>
</message>
<message>
<source>Density of that water in place of IAPWS-95.</source>
<translation>该水的密度，代替 IAPWS-95。</translation>
</message>
<message>
<source>Dynamic viscosity of that water in place of IAPWS-95.</source>
<translation>该水的动力粘度，代替 IAPWS-95。</translation>
</message>
<message>
<source>Equivalent roughness that the table was made with (Hazen-Williams: C).</source>
<translation>该表所用的当量粗糙度（海澄-威廉公式为 C）。</translation>
</message>
<message>
<source>Difference that is let pass beyond the printed digits, for rounded constants of hand formulas.</source>
<translation>在有效位数之外容许的偏差，用于手算公式中取整的常数。</translation>
</message>
<message>
<source>Draw or list supply, return and flow against the outdoor temperature</source>
<translation>绘制或列出供回水温度和流量随室外温度的变化</translation>
</message>
<message>
<source>For the network and for each kind of station: radiators or floor heating, by their secondary design temperatures.</source>
<translation>包括管网和各类热力站：散热器或地面辐射供暖，按二次网设计温度分类。</translation>
</message>
<message>
<source>Chart (*.png, *.svg, *.pdf) or table (*.xlsx, *.csv) to write.</source>
<translation>要写出的图（*.png、*.svg、*.pdf）或表（*.xlsx、*.csv）。</translation>
</message>
<message>
<source>Outdoor temperatures of the table in degC, separated by commas; in steps of 1 K when empty.</source>
<translation>表中的室外温度（°C），以逗号分隔；为空时间隔 1 K。</translation>
</message>
<message>
<source>Outdoor temperature at which heating begins and ends.</source>
<translation>供暖开始和结束时的室外温度。</translation>
</message>
<message>
<source>Table to write beside the chart (*.xlsx, *.csv).</source>
<translation>与图同时写出的表（*.xlsx、*.csv）。</translation>
</message>
<message>
<source>List heat exchangers, circulation and make-up pumps of every station</source>
<translation>列出各热力站的换热器、循环泵和补水泵</translation>
</message>
<message>
<source>By its size, from a catalogue; checked against its load, its secondary flow and its temperatures.</source>
<translation>按规模从设备目录选取，并按热负荷、二次循环流量和温度校核。</translation>
</message>
<message>
<source>Catalogue of equipment by station size: cn-stations, or a CSV file with the same columns.</source>
<translation>按热力站规模的设备目录：cn-stations，或具有相同列的 CSV 文件。</translation>
</message>
<message>
<source>Heat transfer coefficient of plate exchangers, fouled, with which their area is checked.</source>
<translation>校核换热面积所用的板式换热器传热系数（计污垢）。</translation>
</message>
<message>
<source>Pumps of each set, of each kind, that stand in reserve.</source>
<translation>每套设备中每类水泵的备用台数。</translation>
</message>
<message>
<source>Share of the load that exchangers have to give with one of them out.</source>
<translation>一台换热器停用时其余换热器应保证的供热比例。</translation>
</message>
<message>
<source>Least make-up flow relative to the secondary flow.</source>
<translation>补水流量与二次循环流量之比的下限。</translation>
</message>
<message>
<source>Draw a map as in a heating plan</source>
<translation>绘制供热规划中的图</translation>
</message>
<message>
<source>The result of the solution, the loads of the stations, what is built in which phase, or a hydraulic sketch with the figures of every section.</source>
<translation>计算结果图、热负荷分布图、分期建设的管网规划图，或标注各管段数据的水力计算简图。</translation>
</message>
<message>
<source>Map to write (*.png, *.svg, *.pdf).</source>
<translation>要写出的图（*.png、*.svg、*.pdf）。</translation>
</message>
<message>
<source>What the map shows: result, loads of the stations, what is built in which phase, or a sketch.</source>
<translation>图的内容：result 计算结果，loads 热力站负荷，phases 分期建设，sketch 水力计算简图。</translation>
</message>
<message>
<source>Count pipes, water, steel, valves, stations and sources by phase, and cost the trenches</source>
<translation>分期统计管道、水容量、钢材、阀门、热力站和热源，并计算管沟费用</translation>
</message>
<message>
<source>Beside another project or result, the differences by phase, status and diameter as well.</source>
<translation>给出另一项目或结果时，同时按期别、状态和管径列出差异。</translation>
</message>
<message>
<source>Workbook, or table of quantities, to write (*.xlsx, *.csv).</source>
<translation>要写出的工作簿，或工程量表（*.xlsx、*.csv）。</translation>
</message>
<message>
<source>Trench prices: example, or a CSV file with dn_mm, price_per_metre, currency, year, source.</source>
<translation>管沟单价：example（示例），或含 dn_mm、price_per_metre、currency、year、source 各列的 CSV 文件。</translation>
</message>
<message>
<source>Factor of all prices.</source>
<translation>全部单价的系数。</translation>
</message>
<message>
<source>Pipes that are costed: planned ones, or existing ones too.</source>
<translation>计入费用的管道：planned 仅规划管道，all 包括现状管道。</translation>
</message>
<message>
<source>Factor of the price of existing pipes where all are costed.</source>
<translation>计入全部管道时，现状管道单价的系数。</translation>
</message>
<message>
<source>Project or result to compare with (*.toml, *.gpkg ...).</source>
<translation>用于对比的项目或结果（*.toml、*.gpkg 等）。</translation>
</message>
<message>
<source>Draw the load duration curve with the sources that carry it</source>
<translation>绘制热负荷延续曲线及各热源的分担</translation>
</message>
<message>
<source>Largest, mean and least load and the heat of a year, from the design climate or the weather of a year; sources loaded base to peak; security of supply with the largest unit out. Needs no solved network.</source>
<translation>按设计气象参数或全年气象数据计算最大、平均、最小热负荷和年供热量；热源按基本、调峰、备用的顺序投入；计算最大单机停运时的供热保证率。不需要水力计算。</translation>
</message>
<message>
<source>Indoor temperature of load statistics and duration; indoor_temp_c when empty.</source>
<translation>负荷统计和延续曲线所用的室内温度；留空时取 indoor_temp_c。</translation>
</message>
<message>
<source>Mean outdoor temperature of the heating season.</source>
<translation>供暖期平均室外温度。</translation>
</message>
<message>
<source>Length of the heating season in days; with a weather file its coldest days on end.</source>
<translation>供暖期天数；有气象文件时取其中最冷的连续天数。</translation>
</message>
<message>
<source>First day of the heating season, month-day as in 10-20.</source>
<translation>供暖期第一天，月-日，如 10-20。</translation>
</message>
<message>
<source>Last day of the heating season, month-day as in 04-13.</source>
<translation>供暖期最后一天，月-日，如 04-13。</translation>
</message>
<message>
<source>Outdoor temperatures of a year: an EPW file, or CSV with outdoor_temp_c and time.</source>
<translation>全年室外温度：EPW 文件，或含 outdoor_temp_c 和 time 两列的 CSV。</translation>
</message>
<message>
<source>Time step of a weather file without times.</source>
<translation>无时间列的气象文件的时间步长。</translation>
</message>
<message>
<source>Load that does not follow the weather, all the year round, as of hot water.</source>
<translation>不随气象变化的全年负荷，如生活热水。</translation>
</message>
<message>
<source>Share of the largest load that is to be given when the largest unit is out; by the design outdoor temperature when empty.</source>
<translation>最大单机停运时应保证的最大热负荷份额；留空时按供暖室外计算温度确定。</translation>
</message>
<message>
<source>Write a report of the network: one HTML file that opens in any browser, offline</source>
<translation>编写管网报告：一个可在任何浏览器中离线打开的 HTML 文件</translation>
</message>
<message>
<source>First a verdict in plain words, then a map to move and point at, the pressure diagram, tables, findings and inputs. What can't be solved gets a report on its findings.</source>
<translation>先以通俗语言给出结论，然后是可移动、可查询的地图、水压图、表格、检查结果和输入。无法求解时报告检查结果。</translation>
</message>
<message>
<source>6 As-built map</source>
<translation>6 竣工图</translation>
</message>
<message>
<source>Compare two states of a network: what was added, removed, moved, changed, cut, and what that does</source>
<translation>比较管网的两个状态：新增、删除、位移、变更、拆分，以及由此产生的影响</translation>
</message>
<message>
<source>Features are matched by identifier, and without one by place. Both states are solved where they can be; the effects stand side by side.</source>
<translation>要素按编号匹配，无编号时按位置匹配。两个状态能求解时均求解，影响并列给出。</translation>
</message>
<message>
<source>Older state: a project file, a file or PostGIS schema of layers.</source>
<translation>原状态：项目文件、图层文件或 PostGIS 模式。</translation>
</message>
<message>
<source>Newer state: a project file, a file or PostGIS schema of layers.</source>
<translation>新状态：项目文件、图层文件或 PostGIS 模式。</translation>
</message>
<message>
<source>Distance that digitising alone makes: what moved less did not move.</source>
<translation>仅由数字化造成的偏差：偏移小于此值视为未移动。</translation>
</message>
<message>
<source>Solve both states and set side by side what the changes do.</source>
<translation>计算两个状态，并列变更的影响。</translation>
</message>
<message>
<source>Merge a survey, a design or an approved change set into a base map</source>
<translation>将测量成果、设计方案或已批准的变更集合并到底图</translation>
</message>
<message>
<source>Identifiers and feature ids stay, what did not move keeps its vertices, what base and changes contradict each other in is left out and told. A history in the base tells every row before and after; undo takes a merge back.</source>
<translation>编号与要素标识保持不变，未移动的要素保留原顶点；底图与变更相互矛盾之处不予合并并列出。底图中的变更历史记录每一行变更前后的内容；undo 可撤销合并。</translation>
</message>
<message>
<source>Base: a GeoPackage, a project file whose layers lie in one, or a PostGIS schema (postgresql://...).</source>
<translation>底图：GeoPackage、图层同在一个 GeoPackage 中的项目文件，或 PostGIS 模式（postgresql://...）。</translation>
</message>
<message>
<source>What changed: a survey or design (a project file, a file or PostGIS schema of layers), or a change set that --dry-run wrote.</source>
<translation>变更内容：测量成果或设计方案（项目文件、图层文件或 PostGIS 模式），或 --dry-run 生成的变更集。</translation>
</message>
<message>
<source>State that CHANGES was made from, where the base has changed since: what both changed is a conflict.</source>
<translation>变更所依据的原状态（底图此后又有修改时使用）：双方都改动之处视为冲突。</translation>
</message>
<message>
<source>Change nothing: write the change set, to be read, edited, approved and merged.</source>
<translation>不作任何修改，仅生成变更集，供查看、编辑、批准后再合并。</translation>
</message>
<message>
<source>Write into the base itself, in one transaction; without it a copy is written.</source>
<translation>在一个事务中直接写入底图；不选时写出副本。</translation>
</message>
<message>
<source>Features that CHANGES does not show: auto removes them where it shows at least half of their layer, else keeps them.</source>
<translation>变更数据中未出现的要素：auto 在变更数据含该图层至少一半要素时将其删除，否则保留。</translation>
</message>
<message>
<source>Values that are empty in CHANGES and known in the base: kept, or taken out.</source>
<translation>变更数据中为空而底图中已有的值：保留或清空。</translation>
</message>
<message>
<source>Columns that the base lacks: added where gisheat knows them as an input, all of them, or none.</source>
<translation>底图中没有的字段：仅添加 gisheat 认识的输入字段、全部添加，或都不添加。</translation>
</message>
<message>
<source>Take back the last merge of a base map, or bring back any earlier state of its history</source>
<translation>撤销底图的最近一次合并，或恢复历史中的任一状态</translation>
</message>
<message>
<source>What was edited by hand since then stays: where it is in the way, nothing is taken back.</source>
<translation>此后手工修改的内容予以保留；如与撤销相抵触，则不作任何撤销。</translation>
</message>
<message>
<source>State to go back to: 0 before the first merge, n after run n of the history; before the last merge when empty.</source>
<translation>要恢复的状态：0 为首次合并之前，n 为历史中第 n 次操作之后；留空则恢复到最近一次合并之前。</translation>
</message>
<message>
<source>Write the figures of a result to the features of the utility's own layers</source>
<translation>将计算结果写回供热企业自己图层的要素</translation>
</message>
<message>
<source>Into a copy of the base, or with in_place into the base itself; as columns, or as a table and a view. Nothing else of it changes, and what was written can be replaced and taken away again.</source>
<translation>写入底图的副本，或用 in_place 直接写入底图；可写成图层的列，也可写成一张表加一个视图。底图的其他内容不变，写入的内容可以替换，也可以再次移除。</translation>
</message>
<message>
<source>Base: the utility's own map, a project file, a file or PostGIS schema of layers, or one layer as FILE|layername.</source>
<translation>底图：供热企业自己的管网图，可为项目文件、含图层的文件或 PostGIS 模式，或以 FILE|layername 表示的单个图层。</translation>
</message>
<message>
<source>Result whose figures land on the features of the base (not needed with remove).</source>
<translation>要写到底图要素上的计算结果（使用 remove 时不需要）。</translation>
</message>
<message>
<source>Columns of the layer itself, or a table of their own and a view that joins it with the geometry.</source>
<translation>写成图层自身的列，或写成单独的表，并用视图与几何连接。</translation>
</message>
<message>
<source>Columns of the contract to write, separated by commas; all result columns that hold a value when empty.</source>
<translation>要写入的列（约定列名，用逗号分隔）；留空时写入所有有值的结果列。</translation>
</message>
<message>
<source>Layers to write to, by their names in the contract, separated by commas; all that have results when empty. Of a single layer: which of the contract it is.</source>
<translation>要写入的图层（约定名称，用逗号分隔）；留空时写入所有有结果的图层。底图为单个图层时：说明它是约定中的哪个图层。</translation>
</message>
<message>
<source>Take away what earlier write-backs have written.</source>
<translation>移除以前写回的内容。</translation>
</message>
<message>
<source>Hand a result on: as a CAD drawing, GeoJSON, FlatGeobuf, Shapefile, CSV or workbook</source>
<translation>导出成果：CAD 图（DXF）、GeoJSON、FlatGeobuf、Shapefile、CSV 或工作簿</translation>
</message>
<message>
<source>A drawing has the layers of the map with their colours, stations as blocks with attributes, pipes with diameter and flow; read again it is the same network.</source>
<translation>CAD 图按地图图层分层并保留分级颜色，热力站为带属性的图块，管道标注管径和流量；重新读入得到相同的管网。</translation>
</message>
<message>
<source>Result, as run writes one.</source>
<translation>计算成果文件（由“运行”等操作生成）。</translation>
</message>
<message>
<source>File to write (*.dxf, *.geojson, *.fgb, *.shp, *.csv, *.xlsx).</source>
<translation>要写入的文件（*.dxf、*.geojson、*.fgb、*.shp、*.csv、*.xlsx）。</translation>
</message>
<message>
<source>Layer to hand on; pipes where the form holds one, every layer where it holds several.</source>
<translation>要导出的图层；单图层格式默认为 pipes，多图层格式默认全部导出。</translation>
</message>
<message>
<source>Make a one-pipe network of an EPANET file, in its state at t = 0</source>
<translation>由 EPANET 文件生成单管管网，取 t = 0 时的状态</translation>
</message>
<message>
<source>Needs EPANET's toolkit (pip install gisheat[epanet]); `solve` then computes as EPANET does.</source>
<translation>需要 EPANET 工具包（pip install gisheat[epanet]）；之后 `solve` 的计算与 EPANET 一致。</translation>
</message>
<message>
<source>EPANET file (*.inp).</source>
<translation>EPANET 文件（*.inp）。</translation>
</message>
<message>
<source>Write a one-pipe network as an EPANET file, with all digits</source>
<translation>将单管管网写成 EPANET 文件，保留全部有效数字</translation>
</message>
<message>
<source>So that EPANET can be asked about the same network.</source>
<translation>以便用 EPANET 计算同一管网。</translation>
</message>
<message>
<source>EPANET file to write (*.inp).</source>
<translation>要写出的 EPANET 文件（*.inp）。</translation>
</message>
<message>
<source>Make the layer streets of an OpenStreetMap extract</source>
<translation>由 OpenStreetMap 数据生成道路图层</translation>
</message>
<message>
<source>Takes a downloaded .pbf or .osm file, or a layer of roads that others have made of one. The streets carry the attribution that the licence asks for; it stays with every result that is made of them.</source>
<translation>读取下载的 .pbf 或 .osm 文件，或他人由其制作的道路图层。道路带有许可协议要求的数据来源声明，并随所有由其得到的成果保留。</translation>
</message>
<message>
<source>Extract of OpenStreetMap (*.pbf, *.osm), or FILE|layername with roads.</source>
<translation>OpenStreetMap 数据文件（*.pbf、*.osm），或含道路的“文件|图层名”。</translation>
</message>
<message>
<source>Take what lies in it: west,south,east,north in degrees, or FILE|layername with polygons.</source>
<translation>只取该范围内的道路：西,南,东,北（度），或含面的“文件|图层名”。</translation>
</message>
<message>
<source>Classes of streets (values of highway) to take, separated by commas; usual or all for those.</source>
<translation>要取的道路等级（highway 的值），用逗号分隔；usual 为常用等级，all 为全部。</translation>
</message>
<message>
<source>district heating</source>
<translation>集中供热</translation>
</message>
<message>
<source>pipes</source>
<translation>管道</translation>
</message>
<message>
<source>network</source>
<translation>管网</translation>
</message>
<message>
<source>Add the result to the map as a group</source>
<translation>将结果作为图层组加入地图</translation>
</message>
<message>
<source>Findings of severity error</source>
<translation>严重程度为错误的问题数</translation>
</message>
<message>
<source>Findings of severity warning</source>
<translation>严重程度为警告的问题数</translation>
</message>
<message>
<source>Name a project file, or give layers.</source>
<translation>请指定项目文件，或给出图层。</translation>
</message>
<message>
<source>Written: {}</source>
<translation>已写出：{}</translation>
</message>
<message>
<source>Explanation</source>
<translation>解释</translation>
</message>
<message>
<source>The result can't be added to the map; drag it there from the browser.</source>
<translation>结果无法加入地图；请从浏览器面板拖入。</translation>
</message>
<message>
<source>Way of a station and its pressure diagram</source>
<translation>热力站线路及其水压图</translation>
</message>
<message>
<source>Row of a pipe in the hydraulic table</source>
<translation>管段在水力计算表中的一行</translation>
</message>
<message>
<source>Environment …</source>
<translation>运行环境……</translation>
</message>
<message>
<source>Show the log</source>
<translation>显示日志</translation>
</message>
<message>
<source>There is no log yet.</source>
<translation>尚无日志。</translation>
</message>
<message>
<source>the environment holds gisheat {}, this plugin {}: upgrade it in {}.</source>
<translation>运行环境中是 gisheat {}，本插件为 {}：请在{}中升级。</translation>
</message>
<message>
<source>there is no Python at {}: choose another one in {}.</source>
<translation>{} 处没有 Python：请在{}中另选一个。</translation>
</message>
<message>
<source>gisheat has no environment yet: make it in {}; it takes a minute or two.</source>
<translation>gisheat 尚无运行环境：请在{}中建立，约需一两分钟。</translation>
</message>
<message>
<source>the Python that the environment was made with is gone: make it again in {}.</source>
<translation>建立运行环境所用的 Python 已不存在：请在{}中重新建立。</translation>
</message>
<message>
<source>gisheat {} is ready</source>
<translation>gisheat {} 已就绪</translation>
</message>
<message>
<source>gisheat {} is ready, with Python {}: {}</source>
<translation>gisheat {} 已就绪，Python {}：{}</translation>
</message>
<message>
<source>done</source>
<translation>完成</translation>
</message>
<message>
<source>installing packages</source>
<translation>正在安装软件包</translation>
</message>
<message>
<source>gisheat of {}</source>
<translation>{} 中的 gisheat</translation>
</message>
<message>
<source>the environment is not whole: make it again in {}.</source>
<translation>运行环境不完整：请在{}中重新建立。</translation>
</message>
<message>
<source>the Python at {} can't be run ({}): choose another one in {}.</source>
<translation>{} 处的 Python 无法运行（{}）：请在{}中另选一个。</translation>
</message>
<message>
<source>gisheat does not run there ({}): make it again in {}.</source>
<translation>gisheat 在该处无法运行（{}）：请在{}中重新建立。</translation>
</message>
<message>
<source>there are no wheels (*.whl) in {}: fill it as the documentation shows.</source>
<translation>{} 中没有 wheel 文件（*.whl）：请按文档所示准备。</translation>
</message>
<message>
<source>making an environment with {}</source>
<translation>正在用 {} 建立运行环境</translation>
</message>
<message>
<source>copying gisheat</source>
<translation>正在复制 gisheat</translation>
</message>
<message>
<source>trying it</source>
<translation>正在试运行</translation>
</message>
<message>
<source>the environment can't be written in {}: {}.</source>
<translation>无法在 {} 中写入运行环境：{}。</translation>
</message>
<message>
<source>left out, because it can't be had here: {} ({}).</source>
<translation>此处无法取得，已略去：{}（{}）。</translation>
</message>
<message>
<source>{} can't be removed: {}; end what runs in it, then try again.</source>
<translation>无法删除 {}：{}；请结束其中运行的程序后重试。</translation>
</message>
<message>
<source>it says nothing</source>
<translation>没有给出信息</translation>
</message>
<message>
<source>Environment: make, check, upgrade or remove it</source>
<translation>运行环境：建立、检查、升级或删除</translation>
</message>
<message>
<source>0 Set up</source>
<translation>0 设置</translation>
</message>
<message>
<source>gisheat runs in a Python environment of its own, apart from QGIS. 'make' makes it, or makes it anew, and so upgrades it. Packages come from the internet (PyPI), or from a folder of wheels. 'check' tries it.</source>
<translation>gisheat 在独立于 QGIS 的 Python 环境中运行。make 建立或重建运行环境，因此也用于升级。软件包来自互联网（PyPI）或 wheel 文件夹。check 试运行。</translation>
</message>
<message>
<source>environment</source>
<translation>运行环境</translation>
</message>
<message>
<source>What to do</source>
<translation>操作</translation>
</message>
<message>
<source>Folder of wheels, for computers without internet</source>
<translation>wheel 文件夹，用于没有互联网的计算机</translation>
</message>
<message>
<source>Python to make it with; found by itself when empty</source>
<translation>建立环境所用的 Python；留空则自动查找</translation>
</message>
<message>
<source>Python of the environment</source>
<translation>运行环境的 Python</translation>
</message>
<message>
<source>Version of gisheat</source>
<translation>gisheat 版本</translation>
</message>
<message>
<source>The environment was removed.</source>
<translation>运行环境已删除。</translation>
</message>
<message>
<source>The layer for {} can't be read.</source>
<translation>无法读取 {} 的图层。</translation>
</message>
<message>
<source>The layer {0} can't be copied: {1}.</source>
<translation>无法复制图层 {0}：{1}。</translation>
</message>
<message>
<source>Pressure diagram of {}</source>
<translation>{} 的水压图</translation>
</message>
<message>
<source>Add a result of gisheat to the map first.</source>
<translation>请先将 gisheat 的结果加入地图。</translation>
</message>
<message>
<source>Pressure diagram</source>
<translation>水压图</translation>
</message>
<message>
<source>Hydraulic table</source>
<translation>水力计算表</translation>
</message>
<message>
<source>All files</source>
<translation>所有文件</translation>
</message>
<message>
<source>else {}</source>
<translation>默认 {}</translation>
</message>
<message>
<source>this Python has no gisheat: make the environment again in {}.</source>
<translation>该 Python 中没有 gisheat：请在{}中重新建立运行环境。</translation>
</message>
<message>
<source>the gisheat of this Python is older than the plugin: upgrade it in {}.</source>
<translation>该 Python 中的 gisheat 比插件旧：请在{}中升级。</translation>
</message>
<message>
<source>the environment lacks a package ({}): make it again in {}.</source>
<translation>运行环境缺少软件包（{}）：请在{}中重新建立。</translation>
</message>
<message>
<source>gisheat ended with code {}.</source>
<translation>gisheat 以代码 {} 结束。</translation>
</message>
<message>
<source>{} failed: {}</source>
<translation>{} 失败：{}</translation>
</message>
<message>
<source>cancelled; nothing was written.</source>
<translation>已取消；没有写出任何文件。</translation>
</message>
<message>
<source>gisheat needs Python {} or newer, and none was found: install one (from python.org; on Linux the packages python3 and python3-venv; on macOS also by 'brew install python'), then try again, or name it.</source>
<translation>gisheat 需要 Python {} 或更新版本，但未找到：请安装（python.org；Linux 为软件包 python3 和 python3-venv；macOS 也可用 'brew install python'），然后重试，或指定其位置。</translation>
</message>
<message>
<source>{} lacks the modules venv and ensurepip: install them (on Debian and Ubuntu: sudo apt install python3-venv), then try again.</source>
<translation>{} 缺少模块 venv 和 ensurepip：请安装（Debian 和 Ubuntu：sudo apt install python3-venv），然后重试。</translation>
</message>
<message>
<source>{} is Python {}.{}; gisheat needs Python {} or newer.</source>
<translation>{} 是 Python {}.{}；gisheat 需要 Python {} 或更新版本。</translation>
</message>
<message>
<source>{} is no Python that can be run; gisheat needs Python {} or newer.</source>
<translation>{} 不是可运行的 Python；gisheat 需要 Python {} 或更新版本。</translation>
</message>
<message>
<source>gisheat runs in a Python environment of its own, apart from QGIS. One click makes it, from the internet or from a folder of wheels.</source>
<translation>gisheat 在独立于 QGIS 的 Python 环境中运行。单击一次即可建立，软件包来自互联网或 wheel 文件夹。</translation>
</message>
<message>
<source>Cancel</source>
<translation>取消</translation>
</message>
<message>
<source>Folder of wheels, where there is no internet</source>
<translation>wheel 文件夹（没有互联网时）</translation>
</message>
<message>
<source>Python to make it with, found by itself when empty</source>
<translation>建立环境所用的 Python（留空则自动查找）</translation>
</message>
<message>
<source>Use a Python of your own that has gisheat</source>
<translation>使用自己的、已装有 gisheat 的 Python</translation>
</message>
<message>
<source>Make the environment</source>
<translation>建立运行环境</translation>
</message>
<message>
<source>Check</source>
<translation>检查</translation>
</message>
<message>
<source>Remove</source>
<translation>删除</translation>
</message>
<message>
<source>Upgrade the environment</source>
<translation>升级运行环境</translation>
</message>
<message>
<source>Settings &gt; Options &gt; gisheat, or the tool 'Environment' in the Processing toolbox</source>
<translation>“设置 &gt; 选项 &gt; gisheat”或处理工具箱的“运行环境”工具</translation>
</message>
<message>
<source>load duration</source>
<translation>热负荷延续曲线</translation>
</message>
<message>
<source>compiling the solver for this kind of network (kept for the next time): up to some ten seconds</source>
<translation>正在编译此类管网的求解程序（仅首次，之后保留）：最多约十秒</translation>
</message>
<message>
<source>comparing</source>
<translation>正在比较</translation>
</message>
<message>
<source>writing the changes</source>
<translation>正在写出变更</translation>
</message>
<message>
<source>reading the result</source>
<translation>读取计算结果</translation>
</message>
<message>
<source>reading with EPANET</source>
<translation>正在用 EPANET 读取</translation>
</message>
<message>
<source>writing the network</source>
<translation>正在写出管网</translation>
</message>
<message>
<source>writing</source>
<translation>正在写出</translation>
</message>
<message>
<source>merging</source>
<translation>合并</translation>
</message>
<message>
<source>reading the history</source>
<translation>读取变更历史</translation>
</message>
<message>
<source>taking back</source>
<translation>撤销</translation>
</message>
<message>
<source>reading the changes</source>
<translation>读取变更</translation>
</message>
<message>
<source>reading the base</source>
<translation>读取底图</translation>
</message>
<message>
<source>writing the change set</source>
<translation>写出变更集</translation>
</message>
<message>
<source>looking at layers</source>
<translation>正在查看图层</translation>
</message>
<message>
<source>reading layers</source>
<translation>正在读取图层</translation>
</message>
<message>
<source>solving</source>
<translation>正在水力计算</translation>
</message>
<message>
<source>writing the result</source>
<translation>正在写出结果</translation>
</message>
<message>
<source>reading the table</source>
<translation>正在读取表格</translation>
</message>
<message>
<source>drawing the map</source>
<translation>正在绘制地图</translation>
</message>
<message>
<source>writing the report</source>
<translation>正在写出报告</translation>
</message>
<message>
<source>reading the extract</source>
<translation>正在读取道路数据</translation>
</message>
<message>
<source>writing the streets</source>
<translation>正在写入道路图层</translation>
</message>
<message>
<source>joining features with the result</source>
<translation>将要素与计算结果对应</translation>
</message>
<message>
<source>writing the figures</source>
<translation>写入数值</translation>
</message>
<message>
<source>storing what was written</source>
<translation>保存写入的内容</translation>
</message>
<message>
<source>checking</source>
<translation>正在检查数据</translation>
</message>
<message>
<source>repairing the drawing</source>
<translation>正在修复图形</translation>
</message>
<message>
<source>choosing trenches along the streets</source>
<translation>正在沿道路布置管沟</translation>
</message>
<message>
<source>building the network</source>
<translation>正在构建管网</translation>
</message>
<message>
<source>assigning loads</source>
<translation>正在分配热负荷</translation>
</message>
<message>
<source>sizing</source>
<translation>正在选择管径</translation>
</message>
<message>
<source>solved</source>
<translation>水力计算完成</translation>
</message>
<message>
<source>balancing</source>
<translation>正在水力平衡调节</translation>
</message>
</context>
</TS>
