"""Makes curves_and_domains.gdb.zip beside this file, with GDAL's own bindings (3.6 or newer); the tests need none.

Two pipes with Z and M in EPSG:4552, the second half a circle of radius 50 m; the column status has a coded domain.
"""

import shutil
from pathlib import Path

from osgeo import gdal, ogr, osr

gdal.UseExceptions()
HERE = Path(__file__).parent
FOLDER = HERE / "curves_and_domains.gdb"
PIPES = (
    ("P1", 1, "COMPOUNDCURVE ZM ((425000 5090000 1 0, 425100 5090000 2 100))"),
    ("P2", 2, "COMPOUNDCURVE ZM (CIRCULARSTRING ZM (425100 5090000 2 0, 425150 5090050 3 78, 425200 5090000 4 157))"),
)

shutil.rmtree(FOLDER, ignore_errors=True)
data = gdal.GetDriverByName("OpenFileGDB").Create(str(FOLDER), 0, 0, 0, gdal.GDT_Unknown)
system = osr.SpatialReference()
system.ImportFromEPSG(4552)
system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
words = {1: "现状", 2: "规划"}
data.AddFieldDomain(ogr.CreateCodedFieldDomain("管道状态", "", ogr.OFTInteger, ogr.OFSTNone, words))
pipes = data.CreateLayer("pipes", system, ogr.wkbCompoundCurveZM)
pipes.CreateField(ogr.FieldDefn("pipe_id", ogr.OFTString))
status = ogr.FieldDefn("status", ogr.OFTInteger)
status.SetDomainName("管道状态")
pipes.CreateField(status)
for name, code, shape in PIPES:
    feature = ogr.Feature(pipes.GetLayerDefn())
    feature["pipe_id"], feature["status"] = name, code
    feature.SetGeometry(ogr.CreateGeometryFromWkt(shape))
    pipes.CreateFeature(feature)
del feature, pipes, data
shutil.make_archive(str(FOLDER), "zip", HERE, FOLDER.name)
shutil.rmtree(FOLDER)
