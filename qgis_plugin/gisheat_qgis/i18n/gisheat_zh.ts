<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en"><context><name>gisheat</name>
<message><source>0 Set up</source><translation>0 设置</translation></message>
</context></TS>
