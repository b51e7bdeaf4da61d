-- The systems in LuaJIT, over arrays of C: a program that reads orders and answers each with a line.
--
--   load SYSTEM COUNT     the rows follow, a line for each: its four numbers, or its two
--   steps NUMBER DT       answers with the seconds that they took
--   rows                  answers with a line for each row

local ffi = require("ffi")
local sqrt = math.sqrt

local systems = {}

function systems.Movement(places, speeds, count, dt)
  for i = 0, 2 * count - 1 do
    places[i] = places[i] + speeds[i] * dt
  end
end

function systems.Steer(places, speeds, count, dt)
  for i = 0, 2 * count - 2, 2 do
    local x, y = 50 - places[i], 50 - places[i + 1]
    local distance = sqrt(x * x + y * y)
    local across, along = speeds[i], speeds[i + 1]
    if distance > 1 then
      across = across + x / distance * dt
      along = along + y / distance * dt
    end
    local fast = sqrt(across * across + along * along)
    if fast > 10 then
      across = across / fast * 10
      along = along / fast * 10
    end
    speeds[i] = across
    speeds[i + 1] = along
  end
end

function systems.Bounce(places, speeds, count)
  for i = 0, 2 * count - 1 do
    local place = places[i]
    if place < 0 or place > 100 then
      speeds[i] = -speeds[i]
    end
  end
end

function systems.Poisoned(healths, poisons, count, dt)
  for i = 0, count - 1 do
    local poison = poisons[i]
    if poison > 0 then
      healths[i] = healths[i] - 5 * dt
      poisons[i] = poison - dt
    else
      local health = healths[i] + 2 * dt
      healths[i] = health < 100 and health or 100
    end
  end
end

local system, count, width, first, second

local orders = {}

function orders.load(name, rows)
  system, count = systems[name], tonumber(rows)
  width = name == "Poisoned" and 1 or 2
  first = ffi.new("float[?]", width * count)
  second = ffi.new("float[?]", width * count)
  for row = 0, count - 1 do
    for column, array in ipairs({ first, second }) do
      for part = 0, width - 1 do
        array[row * width + part] = io.read("*n")
      end
    end
  end
  io.read("*l")
  return "loaded"
end

function orders.steps(number, dt)
  number, dt = tonumber(number), tonumber(dt)
  local start = os.clock()
  for _ = 1, number do
    system(first, second, count, dt)
  end
  return ("%.9f"):format(os.clock() - start)
end

function orders.rows()
  local lines = {}
  for row = 0, count - 1 do
    local words = {}
    for _, array in ipairs({ first, second }) do
      for part = 0, width - 1 do
        words[#words + 1] = ("%.9g"):format(array[row * width + part])
      end
    end
    lines[#lines + 1] = table.concat(words, " ")
  end
  return table.concat(lines, "\n")
end

for line in io.lines() do
  local words = {}
  for word in line:gmatch("%S+") do
    words[#words + 1] = word
  end
  io.write(orders[words[1]](words[2], words[3]), "\n")
  io.flush()
end
