-- For wrk: ask each time about other two weeks, so that no answer is one that was made before or is being made.
local path, asked = nil, 0

function request()
  path = path or wrk.path
  asked = asked + 1
  local month, first = asked % 12 + 1, math.floor(asked / 12) % 14 + 1
  local varied = path:gsub("date_from=[%d-]+", string.format("date_from=2025-%02d-%02d", month, first))
  varied = varied:gsub("date_to=[%d-]+", string.format("date_to=2025-%02d-%02d", month, first + 13))
  return wrk.format("GET", varied)
end
